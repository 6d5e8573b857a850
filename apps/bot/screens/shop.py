from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from apps.bot import callbacks
from apps.bot.callbacks import Way
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold, bulleted, in_words, limits, plain
from services.catalog import Tariff
from services.platform.i18n import DEFAULT, Language
from services.platform.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """A tariff as one person may buy it: `prices` are by the code of the provider, in the providers' order. `saving`
    and `renewing` are those providers which can remember a card, or charge every 30 days by themselves; `balance` is
    what the person could spend here, where that is something."""

    tariff: Tariff
    prices: dict[str, Money]
    saving: tuple[str, ...] = ()
    renewing: tuple[str, ...] = ()
    balance: Money | None = None

    @property
    def price(self) -> Money:
        """The first provider's."""
        return next(iter(self.prices.values()))

    def has(self, way: Way) -> bool:
        able = {"once": tuple(self.prices), "save": self.saving, "renew": self.renewing, "gift": self.giving}
        return way.provider in able[way.form]

    @property
    def giving(self) -> tuple[str, ...]:
        """The providers by which it may be bought for somebody else: only what everybody may buy."""
        return tuple(code for code in self.prices if code != "balance") if self.tariff.audience == "all" else ()


def render_catalogue(_: Language, offers: Sequence[Offer]) -> Screen:
    """The tariffs in the operator's order, those of one product together."""
    if not offers:
        empty = _("🛒 <b>VPN access</b>\n\nNothing is on sale at the moment. Please look in a little later.")
        return Screen(empty, keyboard(to_menu(_)))
    products = list(dict.fromkeys(offer.tariff.product for offer in offers))
    ordered = sorted(offers, key=lambda offer: products.index(offer.tariff.product))
    text = _("🛒 <b>VPN access</b>\n\nChoose how long you want to be connected:")
    if len(products) > 1:
        for _product, group in groupby(ordered, key=lambda offer: offer.tariff.product):
            text += "\n\n" + bulleted([_line(_, offer) for offer in group])
    rows = [[button(_label(_, offer), callbacks.Card(slug=offer.tariff.slug))] for offer in ordered]
    return Screen(text, keyboard(*rows, to_menu(_)))


def render_card(_: Language, offer: Offer, locations: Collection[str], note: str | None = None) -> Screen:
    """`locations` are the names of the places this tariff connects to; `note` (HTML) is said first."""
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
        _("<b>{price}</b> for {period}", price=_.money(offer.price), period=in_words(_, tariff.period)),
    ]
    if offer.balance is not None:
        parts.append(_("On your balance: <b>{amount}</b>", amount=_.money(offer.balance)))
    pay = [
        [button(pay_label(_, way, price), way.pay())]
        for code, price in offer.prices.items()
        for way in (Way(code, tariff.slug), Way(code, tariff.slug, "renew"))
        if offer.has(way)
    ]
    gift = [button(_.label("🎁 Buy as a gift"), callbacks.GiveAway(slug=tariff.slug))] if offer.giving else []
    return Screen("\n\n".join(part for part in parts if part), keyboard(*pay, gift, back(_, callbacks.Shop())))


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
