"""A campaign in words: what earns what, until when, how much at most."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from apps.bot.screens.words import bold, bulleted
from services.notifications import one_line
from services.platform.i18n import Language
from services.receipts import Campaign

SHOWN = 8  # products or shops


def campaign_text(_: Language, campaign: Campaign) -> str:
    """HTML: its name and what it promises."""
    lines = [_bonus(_, campaign), _products(_, campaign), _shops(_, campaign), *_least(_, campaign)]
    lines += [*_time(_, campaign), *_limits(_, campaign), _payout(_, campaign)]
    return f"{bold(_.own(campaign.name))}\n{bulleted([line for line in lines if line])}"


def _bonus(_: Language, campaign: Campaign) -> str:
    bonus = campaign.bonus
    match bonus.kind:
        case "fixed":
            text = _("{amount} for each receipt", amount=_.money(campaign.money(bonus.minor)))
        case "per_item":
            text = _("{amount} for each piece", amount=_.money(campaign.money(bonus.minor)))
        case "percent":
            percent = _.number(Decimal(bonus.percent) / 100)
            text = (
                _("{percent} % of the whole receipt", percent=percent)
                if bonus.base == "total"
                else _("{percent} % of what these products cost", percent=percent)
            )
        case "tiers":
            steps = [
                _(
                    "{bonus} from {sum} on",
                    bonus=_.money(campaign.money(minor)),
                    sum=_.money(campaign.money(least)),
                )
                for least, minor in bonus.tiers
            ]
            text = _("By the sum: {steps}", steps=", ".join(steps))
    most = min((sum_ for sum_ in (bonus.most, campaign.limits.per_receipt) if sum_ is not None), default=None)
    if most is None or bonus.kind == "fixed":
        return text
    return _("{bonus}, at most {amount} a receipt", bonus=text, amount=_.money(campaign.money(most)))


def _products(_: Language, campaign: Campaign) -> str:
    if not campaign.products:
        return _("For any purchase")
    return _("Products: {names}", names=_few([product.name for product in campaign.products]))


def _shops(_: Language, campaign: Campaign) -> str:
    return _("Shops: {names}", names=_few(campaign.shops.names)) if campaign.shops.names else ""


def _least(_: Language, campaign: Campaign) -> list[str]:
    lines = []
    if campaign.min_total:
        lines.append(_("A receipt of {amount} or more", amount=_.money(campaign.money(campaign.min_total))))
    if campaign.min_matched_sum:
        lines.append(_("These products for {amount} or more", amount=_.money(campaign.money(campaign.min_matched_sum))))
    if campaign.min_quantity > 1:
        lines.append(_.n("{count} piece or more", "{count} pieces or more", campaign.min_quantity))
    return lines


def _time(_: Language, campaign: Campaign) -> list[str]:
    age = _.n("A receipt of {count} day ago at most", "A receipt of {count} days ago at most", campaign.max_age_days)
    last_day = _.date(campaign.ends_at - timedelta(seconds=1), campaign.time_zone)
    return [_("Purchases until {until}", until=last_day), age]


def _limits(_: Language, campaign: Campaign) -> list[str]:
    counts, sums = campaign.limits.counts, campaign.limits.sums
    lines = [_count(_, span, most) for span, most in counts.items()]
    return lines + [_sum(_, span, _.money(campaign.money(most))) for span, most in sums.items()]


def _count(_: Language, span: str, most: int) -> str:
    match span:
        case "day":
            return _.n("Up to {count} receipt a day", "Up to {count} receipts a day", most)
        case "week":
            return _.n("Up to {count} receipt a week", "Up to {count} receipts a week", most)
        case "month":
            return _.n("Up to {count} receipt a month", "Up to {count} receipts a month", most)
        case _total:
            return _.n("Up to {count} receipt in all", "Up to {count} receipts in all", most)


def _sum(_: Language, span: str, amount: str) -> str:
    match span:
        case "day":
            return _("Up to {amount} a day", amount=amount)
        case "week":
            return _("Up to {amount} a week", amount=amount)
        case "month":
            return _("Up to {amount} a month", amount=amount)
        case _total:
            return _("Up to {amount} in all", amount=amount)


def _payout(_: Language, campaign: Campaign) -> str:
    return _("Paid to your balance here") if campaign.payout == "balance" else _("Paid to your mobile phone")


def _few(names: list[str] | tuple[str, ...]) -> str:
    shown = [one_line(name) for name in names[:SHOWN]]
    return ", ".join([*shown, "…"] if len(names) > SHOWN else shown)
