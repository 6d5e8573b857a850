from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from apps.bot import callbacks
from apps.bot import callbacks_life as life
from apps.bot.callbacks import Way
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.promo import gives, named, why_not
from apps.bot.screens.trial import trial_rows
from apps.bot.screens.words import bold, bulleted, in_words, limits, plain
from services.catalog import Tariff
from services.platform.i18n import DEFAULT, Language
from services.platform.money import Money
from services.promotions import PromoCode, PromoNotForPayment, PromoRefused

IN_FULL = ("renew", "gift")  # codes are for the own next purchase: not for what is charged again and again, nor a gift


@dataclass(frozen=True, slots=True)
class Offer:
    """A tariff as one person may buy it: `prices` are by the code of the provider, in the providers' order. `saving`
    and `renewing` are those providers which can remember a card, or charge every 30 days by themselves; `balance` is
    what the person could spend here, where that is something.

    `code` is the promo code that the person has typed: `listed` are the prices without it, of the providers with which
    it works, `smallest` those where it would take off more than can be; `refusal` is why it works with none.

    `sold_out`: nothing is left for this person, who has none of it; `none_to_give`: nothing for somebody else."""

    tariff: Tariff
    prices: dict[str, Money]
    saving: tuple[str, ...] = ()
    renewing: tuple[str, ...] = ()
    balance: Money | None = None
    code: PromoCode | None = None
    listed: Mapping[str, Money] = field(default_factory=dict)
    smallest: tuple[str, ...] = ()
    refusal: PromoRefused | None = None
    sold_out: bool = False
    none_to_give: bool = False

    def price_of(self, way: Way) -> Money:
        price = self.prices[way.provider]
        return self.listed.get(way.provider, price) if way.form in IN_FULL else price

    def promo_of(self, way: Way) -> str | None:
        """The code to pay with."""
        return self.code.code if self.code and way.provider in self.listed and way.form not in IN_FULL else None

    @property
    def price(self) -> Money:
        """The first provider's."""
        return next(iter(self.prices.values()))

    def has(self, way: Way) -> bool:
        able = {"once": tuple(self.prices), "save": self.saving, "renew": self.renewing, "gift": self.giving}
        return way.provider in able[way.form]

    @property
    def giving(self) -> tuple[str, ...]:
        """The providers by which it may be bought for somebody else: time only, which everybody may buy."""
        if self.tariff.audience != "all" or self.tariff.tokens or self.none_to_give:
            return ()
        return tuple(code for code in self.prices if code != "balance")


def render_catalogue(
    _: Language, offers: Sequence[Offer], trials: Sequence[Tariff] = (), note: str | None = None
) -> Screen:
    """The tariffs in the operator's order, those of one product together, then the trials open to the person. `note`
    (HTML) is said first."""
    if not offers and not trials:
        empty = _("🛒 <b>VPN access</b>\n\nNothing is on sale at the moment. Please look in a little later.")
        return Screen(empty, keyboard(to_menu(_)))
    products = list(dict.fromkeys(offer.tariff.product for offer in offers))
    ordered = sorted(offers, key=lambda offer: products.index(offer.tariff.product))
    text = _("🛒 <b>VPN access</b>\n\nChoose how long you want to be connected:")
    if len(products) > 1:
        for _product, group in groupby(ordered, key=lambda offer: offer.tariff.product):
            text += "\n\n" + bulleted([_line(_, offer) for offer in group])
    if note:
        text = f"{note}\n\n{text}"
    rows = [[button(_label(_, offer), callbacks.Card(slug=offer.tariff.slug))] for offer in ordered]
    return Screen(text, keyboard(*rows, *trial_rows(_, trials), to_menu(_)))


def render_card(
    _: Language,
    offer: Offer,
    locations: Collection[str],
    note: str | None = None,
    change_of: int | None = None,
    zone: str = "UTC",
) -> Screen:
    """`locations` are the names of the places this tariff connects to; `note` (HTML) is said first. `change_of` is the
    person's subscription whose tariff would change to this one; `zone` is that of the times."""
    tariff = offer.tariff
    gives = limits(_, tariff.traffic_bytes, tariff.devices, tariff.speed_mbps)
    if locations:
        gives.append(_("Locations: {places}", places=", ".join(locations)))
    gives += [plain(line) for line in tariff.features.get(_.code) or tariff.features.get(DEFAULT) or []]
    parts = [
        note,
        bold(_.own(tariff.name)),
        plain(_.own(tariff.description)),
        bulleted(gives),
        _price(_, offer),
        _code(_, offer, zone),
    ]
    gift = [button(_.label("🎁 Buy as a gift"), callbacks.GiveAway(slug=tariff.slug))] if offer.giving else []
    if offer.sold_out:
        parts.append(_("😔 Sold out at the moment. Please look in again a little later."))
        return Screen("\n\n".join(part for part in parts if part), keyboard(gift, back(_, callbacks.Shop())))
    if change_of is not None:
        parts.append(instead_of_buying(_))
        word = life.ChangeTo(subscription_id=change_of, slug=tariff.slug)
        change = [button(_.label("Change to this tariff"), word)]
        return Screen("\n\n".join(part for part in parts if part), keyboard(change, gift, back(_, callbacks.Shop())))
    if offer.balance is not None:
        parts.append(_("On your balance: <b>{amount}</b>", amount=_.money(offer.balance)))
    pay = [
        [button(pay_label(_, way, offer.price_of(way)), way.pay())]
        for code in offer.prices
        for way in (Way(code, tariff.slug), Way(code, tariff.slug, "renew"))
        if offer.has(way)
    ]
    without = [button(_.label("Remove the promo code"), callbacks.DropCode(slug=tariff.slug))] if offer.code else []
    return Screen("\n\n".join(part for part in parts if part), keyboard(*pay, without, gift, back(_, callbacks.Shop())))


def _price(_: Language, offer: Offer) -> str:
    """Of the first way to pay; before a discount it is struck through."""
    period, price = in_words(_, offer.tariff.period), _.money(offer.price)
    listed = offer.listed.get(next(iter(offer.prices)), offer.price)
    if listed == offer.price:
        return _("<b>{price}</b> for {period}", price=price, period=period)
    return _("<s>{listed}</s> <b>{price}</b> for {period}", listed=_.money(listed), price=price, period=period)


def lost_code(_: Language, offer: Offer, way: Way, zone: str) -> str | None:
    """Why the promo code that was typed is not on this order, said beside its price."""
    if offer.code is None or way.form in IN_FULL or offer.promo_of(way) is not None:
        return None
    return f"{named(_, offer.code)}: {why_not(_, offer.refusal or PromoNotForPayment(), zone)}"


def _code(_: Language, offer: Offer, zone: str) -> str | None:
    """What the typed promo code does here, or why nothing."""
    if offer.code is None:
        return None
    if offer.refusal is not None:
        return f"{named(_, offer.code)}: {why_not(_, offer.refusal, zone)}"
    lines = [f"{named(_, offer.code)}: {gives(_, offer.code)}"]
    if offer.smallest:
        lines.append(_("The code covers more than that: what is left is the smallest payment possible."))
    return "\n".join(lines)


def instead_of_buying(_: Language) -> str:
    return _("You have another tariff of this kind, so this is a change: what is left of yours counts.")


def pay_label(_: Language, way: Way, price: Money) -> str:
    match way.provider:
        case "yookassa":
            return _.label("Pay {price} by card or SBP (YooKassa)", price=_.money(price))
        case "robokassa":
            return _.label("Pay {price} by card (Robokassa)", price=_.money(price))
        case "stars" if way.form == "renew":
            return _.label("Subscribe: {price} every 30 days", price=_.money(price))
        case "stars":
            return _.label("Pay {price} (Telegram Stars)", price=_.money(price))
        case "cryptopay":
            return _.label("Pay {price} in cryptocurrency (CryptoBot)", price=_.money(price))
        case "balance":
            return _.label("Pay {price} from the balance", price=_.money(price))
        case _other:
            return _.label("Pay {price}", price=_.money(price))


def _label(_: Language, offer: Offer) -> str:
    return f"{_.own(offer.tariff.name)} — {_.money(offer.price)}"


def _line(_: Language, offer: Offer) -> str:
    return f"{bold(_.own(offer.tariff.name))} — {_.money(offer.price)}"
