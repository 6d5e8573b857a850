"""A tariff that is given once, for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.keyboards import Row, back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold, bulleted, in_words, limits, plain
from services.catalog import Tariff
from services.platform.i18n import Language


def trial_rows(_: Language, trials: Sequence[Tariff]) -> list[Row]:
    """A button for each trial that is open to the person."""
    rows = []
    for one in trials:
        suffix = f" · {_.own(one.name)}"[:30] if len(trials) > 1 else ""
        label = _.label("🎁 Try it free: {period}", period=in_words(_, one.period)) + suffix
        rows.append([button(label, life.Trial(slug=one.slug))])
    return rows


def render_trial(_: Language, tariff: Tariff, *, agreed: bool) -> Screen:
    """`agreed`: the person has accepted the terms before."""
    title = _("🎁 <b>Free for {period}</b>", period=in_words(_, tariff.period))
    gives = bulleted(limits(_, tariff.traffic_bytes, tariff.devices, tariff.speed_mbps))
    promise = _("No card and no payment: it ends by itself, and nothing is charged. You can have it once.")
    parts = [title, f"{bold(_.own(tariff.name))}\n{plain(_.own(tariff.description))}", gives, promise]
    begin = life.BeginTrial(slug=tariff.slug)
    if agreed:
        rows = [[button(_.label("Begin"), begin)]]
    else:
        parts.append(_("By pressing “Accept and begin” you agree to the terms of use. We ask this only once."))
        rows = [
            [button(_.label("Accept and begin"), begin)],
            [button(_.label("Read the terms"), life.ReadTermsToTry(slug=tariff.slug))],
        ]
    return Screen("\n\n".join(parts), keyboard(*rows, back(_, callbacks.Shop())))


def render_trial_begun(_: Language, tariff: Tariff) -> Screen:
    title = _("🎁 <b>Your trial has begun</b>")
    news = _("Your access is on its way and arrives in this chat in a moment.")
    return Screen(
        "\n\n".join([title, bold(_.own(tariff.name)), news]),
        keyboard([button(_.label("My subscription"), callbacks.Mine())], to_menu(_)),
    )


def render_trial_used(_: Language) -> Screen:
    return Screen(
        _("You have already tried it: a trial is given once. Choose a tariff, and you are connected again."),
        keyboard([button(_.label("See what is on sale"), callbacks.Shop())], to_menu(_)),
    )
