from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from apps.bot import callbacks
from apps.bot.keyboards import back, button, keyboard, to_menu
from apps.bot.screen import Screen
from apps.bot.screens.words import bold, bulleted, in_words, limits, plain
from services.catalog import Tariff
from services.platform.i18n import DEFAULT, Language
from services.platform.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """A tariff as one person may buy it: `prices` are by the code of the provider, in the providers' order."""

    tariff: Tariff
    prices: dict[str, Money]

    @property
    def price(self) -> Money:
        """The first provider's."""
        return next(iter(self.prices.values()))


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


def render_card(_: Language, offer: Offer, locations: Collection[str]) -> Screen:
    """`locations` are the names of the places this tariff connects to."""
    tariff = offer.tariff
    gives = limits(_, tariff.traffic_bytes, tariff.devices, tariff.speed_mbps)
    if locations:
        gives.append(_("Locations: {places}", places=", ".join(locations)))
    gives += [plain(line) for line in tariff.features.get(_.code) or tariff.features.get(DEFAULT) or []]
    parts = [
        bold(_.own(tariff.name)),
        plain(_.own(tariff.description)),
        bulleted(gives),
        _("<b>{price}</b> for {period}", price=_.money(offer.price), period=in_words(_, tariff.period)),
    ]
    pay = [
        [button(pay_label(_, code, price), callbacks.Pay(provider=code, slug=tariff.slug))]
        for code, price in offer.prices.items()
    ]
    return Screen("\n\n".join(part for part in parts if part), keyboard(*pay, back(_, callbacks.Shop())))


def pay_label(_: Language, provider: str, price: Money) -> str:
    match provider:
        case "yookassa":
            return _.label("Pay {price} by bank card (YooKassa)", price=_.money(price))
        case _other:
            return _.label("Pay {price}", price=_.money(price))


def _label(_: Language, offer: Offer) -> str:
    return f"{_.own(offer.tariff.name)} — {_.money(offer.price)}"


def _line(_: Language, offer: Offer) -> str:
    return f"{bold(_.own(offer.tariff.name))} — {_.money(offer.price)}"
