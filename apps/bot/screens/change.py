"""From one tariff to another of the same product: what there is, and what it would cost and bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.shop import Offer, pay_label
from apps.bot.screens.words import bold, bulleted, duration, in_words, plain, traffic
from services.catalog import Quote
from services.platform.i18n import Language
from services.subscriptions import ChangeOffer, Subscription


def render_tariffs(_: Language, one: Subscription, offers: Sequence[Offer], note: str | None = None) -> Screen:
    """The other tariffs of its product. `note` (HTML) is said first."""
    to_manage = back(_, life.Manage(subscription_id=one.id))
    title = _("🔁 <b>Change the tariff</b>")
    if not offers:
        nothing = _("There is no other tariff to change to at the moment.")
        return Screen("\n\n".join(part for part in (note, title, nothing) if part), keyboard(to_manage, to_menu(_)))
    now = _(
        "You have {tariff}. What is left of it counts: choose, and you see the price first.",
        tariff=_.own(one.terms.name),
    )
    rows = [
        [
            button(
                f"{_.own(offer.tariff.name)} — {_.money(offer.price)}",
                life.ChangeTo(subscription_id=one.id, slug=offer.tariff.slug),
            )
        ]
        for offer in offers
    ]
    parts = (note, title, now)
    return Screen("\n\n".join(part for part in parts if part), keyboard(*rows, to_manage, to_menu(_)))


def render_offer(
    _: Language,
    one: Subscription,
    offer: ChangeOffer,
    ways: Collection[str],
    places: Mapping[str, str],
    zone: str,
    note: str | None = None,
) -> Screen:
    """What the change costs and brings, as it is pinned. `ways` are codes of providers; `places` are names of locations
    by code; `note` (HTML) is said first."""
    quote, price = offer.quote, _.money(offer.price)
    head = f"{bold(_.own(one.terms.name))} → {bold(_.own(quote.name))}"
    sums = [
        _("Left of the present one: {time}, worth {worth}", time=duration(_, offer.left), worth=_.money(offer.worth)),
        _(
            "Price of the new one: {price} for {period}",
            price=_.money(offer.list_price),
            period=in_words(_, quote.period),
        ),
        _("To pay now: <b>{price}</b>", price=price) if offer.price.minor else _("To pay now: <b>nothing</b>"),
        _("New end: <b>{moment}</b>", moment=_.moment(offer.ends_at, zone)),
    ]
    parts = [note, _("🔁 <b>Change the tariff</b>"), head, "\n".join(sums)]
    if lines := differences(_, one.terms, quote, places):
        parts.append(_("What changes:") + "\n" + bulleted(lines))
    if one.state == "canceled":
        parts.append(_("The renewal, which you have turned off, is on again then."))
    parts.append(_("This holds until {moment}.", moment=_.moment(offer.expires_at, zone)))
    rows = [
        [button(pay_label(_, way, offer.price), way.pay())]
        for way in (Way(code, quote.tariff, offer_id=offer.id) for code in ways)
    ]
    if not offer.price.minor:
        rows = [[button(_.label("Change now"), life.ChangeNow(offer_id=offer.id))]]
    return Screen(
        "\n\n".join(part for part in parts if part),
        keyboard(*rows, back(_, life.Change(subscription_id=one.id)), to_menu(_)),
    )


def differences(_: Language, old: Quote, new: Quote, places: Mapping[str, str]) -> list[str]:
    """Only what becomes other than it was."""
    pairs = [
        (_("Devices"), _number(_, old.devices), _number(_, new.devices)),
        (_("Traffic"), traffic(_, old.traffic_bytes), traffic(_, new.traffic_bytes)),
        (_("Speed"), _speed(_, old.speed_mbps), _speed(_, new.speed_mbps)),
        (_("Locations"), _locations(_, old.locations, places), _locations(_, new.locations, places)),
    ]
    return [f"{what}: {plain(was)} → {bold(becomes)}" for what, was, becomes in pairs if was != becomes]


def changed(_: Language) -> str:
    return _("✅ The tariff is changed.")


def over(_: Language) -> str:
    return _("That offer no longer holds: its time is over, or your subscription has changed since. Here is a new one:")


def render_other_currency(_: Language, one: Subscription) -> Screen:
    return Screen(
        _(
            "What is left of your subscription was paid in a currency in which the other tariff cannot be paid now, so"
            " we cannot count it. You can change once it has ended, or write to support: a person finds a way."
        ),
        keyboard(
            [button(_.label("Help & support"), callbacks.Help())],
            back(_, life.Change(subscription_id=one.id)),
            to_menu(_),
        ),
    )


def render_cannot_change(_: Language, one: Subscription) -> Screen:
    """A trial, a paused one, one that is over: these go on by other ways."""
    if one.state == "paused":
        text = _("A paused subscription cannot be changed: resume it first.")
        row = [button(_.label("Resume"), life.Resume(subscription_id=one.id))]
    else:
        text = _("There is nothing to change yet or any more: simply choose the tariff that you want.")
        row = [button(_.label("See what is on sale"), callbacks.Shop())]
    return Screen(text, keyboard(row, to_menu(_)))


def _number(_: Language, count: int | None) -> str:
    return _("unlimited") if count is None else str(count)


def _speed(_: Language, mbps: int | None) -> str:
    return _("unlimited") if mbps is None else _("up to {amount} Mbit/s", amount=mbps)


def _locations(_: Language, codes: Sequence[str], places: Mapping[str, str]) -> str:
    names = [places[code] for code in codes if code in places]
    return ", ".join(dict.fromkeys(names)) or _.label("all")
