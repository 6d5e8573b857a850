"""Receipts of known contents, printed as tills of four countries print them: for parsing back, and for drawing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

WIDTH = 40  # characters, as 80 mm paper has
CENT, TENTH, NICKEL = Decimal("0.01"), Decimal("0.10"), Decimal("0.05")


@dataclass(frozen=True)
class Bought:
    name: str
    quantity: Decimal
    price: Decimal

    @property
    def sum(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Truth:
    """What is printed. `total` is what was paid: of cash, rounded where the country rounds."""

    layout: str
    merchant: str
    tax_id: str
    date: date
    time: time
    bought: tuple[Bought, ...]
    is_cash: bool
    register: str
    document: str

    @property
    def whole(self) -> Decimal:
        return sum((one.sum for one in self.bought), Decimal(0))

    @property
    def total(self) -> Decimal:
        step = {"ua": TENTH, "ua_soft": TENTH, "my": NICKEL}.get(self.layout) if self.is_cash else None
        if step is None:
            return self.whole
        return ((self.whole / step).quantize(Decimal(1), ROUND_HALF_UP) * step).quantize(CENT)

    @property
    def given(self) -> Decimal:
        """Notes handed over: always more than the total."""
        return (self.total // 50 + 1) * 50 + Decimal("0.00")

    @property
    def change(self) -> Decimal:
        return self.given - self.total


def row(left: str, right: str, width: int = WIDTH) -> str:
    return left[: width - len(right) - 1].ljust(width - len(right)) + right


def comma(value: Decimal) -> str:
    return str(value).replace(".", ",")


def share(value: Decimal, percent: int) -> Decimal:
    return (value * percent / (100 + percent)).quantize(CENT, ROUND_HALF_UP)


def ua(truth: Truth) -> list[str]:
    """A till of its own (РРО): what there is more of stands above its name."""
    lines = [truth.merchant, 'магазин "Куточок"', "м. Львів, вул. Зелена, 12", f"ПН {truth.tax_id}", "Касир: Олена"]
    for one in truth.bought:
        if one.quantity != 1:
            lines.append(f"{one.quantity:.3f} X {one.price}")
        lines.append(row(one.name, f"{one.sum} А"))
    lines += ["-" * WIDTH, row("СУМА", f"{truth.whole}"), row("ПДВ А=20.00%", f"{share(truth.whole, 20)}")]
    if truth.total != truth.whole:
        lines += [row("ЗАОКРУГЛЕННЯ", f"{truth.total - truth.whole}"), row("ДО СПЛАТИ", f"{truth.total}")]
    if truth.is_cash:
        lines += [row("ГОТІВКА", f"{truth.given}"), row("РЕШТА", f"{truth.change}")]
    else:
        lines += [row("БЕЗГОТІВКОВА", f"{truth.total}"), "КАРТКА ХХХХ1234  RRN 123456789012"]
    return [
        *lines,
        f"ЧЕК № {truth.document}",
        f"{truth.date:%d.%m.%Y} {truth.time:%H:%M:%S}",
        f"ФН {truth.register}",
        "ФІСКАЛЬНИЙ ЧЕК",
    ]


def ua_soft(truth: Truth) -> list[str]:
    """A till that is a program (ПРРО): what there is stands below its name."""
    lines = [truth.merchant, f"ІД {truth.tax_id}", "Касовий чек"]
    for one in truth.bought:
        lines += [one.name, row(f"{one.quantity.normalize():f} x {comma(one.price)}", f"{comma(one.sum)} А")]
    lines += ["-" * WIDTH]
    if truth.total != truth.whole:
        lines += [row("Сума", comma(truth.whole)), row("Заокруглення", comma(truth.total - truth.whole))]
    lines += [row("Сума до сплати", f"{comma(truth.total)} грн")]
    if truth.is_cash:
        lines += [row("Готівка", comma(truth.given)), row("Решта", comma(truth.change))]
    else:
        lines += [row("Платіжна картка", comma(truth.total))]
    return [
        *lines,
        row("ПДВ 20%", comma(share(truth.total, 20))),
        f"Чек ФН {truth.document}",
        f"ФН ПРРО {truth.register}",
        f"{truth.date:%d-%m-%Y} {truth.time:%H:%M:%S}",
        "Дякуємо за покупку!",
    ]


def ru(truth: Truth) -> list[str]:
    lines = [truth.merchant, "г. Казань, ул. Баумана, д. 5", "КАССОВЫЙ ЧЕК", "ПРИХОД"]
    for number, one in enumerate(truth.bought, 1):
        lines += [f"{number}. {one.name}", row(f"{one.quantity.normalize():f} x {one.price}", f"={one.sum}")]
    lines += ["-" * WIDTH, row("ИТОГ", f"={truth.total}")]
    if truth.is_cash:
        lines += [row("НАЛИЧНЫМИ", f"={truth.given}"), row("СДАЧА", f"={truth.change}")]
    else:
        lines += [row("БЕЗНАЛИЧНЫМИ", f"={truth.total}")]
    return [
        *lines,
        row("СУММА НДС 20%", f"={share(truth.total, 20)}"),
        f"ИНН {truth.tax_id}",
        "САЙТ ФНС: www.nalog.gov.ru",
        "РН ККТ 0001234567012345",
        f"{truth.date:%d.%m.%y} {truth.time:%H:%M}",
        f"ФН {truth.register}",
        f"ФД {truth.document}",
        "ФП 2345678901",
    ]


def de(truth: Truth) -> list[str]:
    lines = [truth.merchant, "Hauptstraße 7", "33102 Paderborn", row("", "EUR")]
    for one in truth.bought:
        lines.append(row(one.name, f"{comma(one.sum)} B"))
        if one.quantity != 1:
            lines.append(f"   {one.quantity.normalize():f} Stk x {comma(one.price)}")
    net = truth.total - share(truth.total, 7)
    lines += ["-" * WIDTH, row("SUMME EUR", comma(truth.total))]
    if truth.is_cash:
        lines += [row("Geg. BAR EUR", comma(truth.given)), row("Rückgeld BAR EUR", comma(truth.change))]
    else:
        lines += [row("Geg. EC-Cash EUR", comma(truth.total))]
    return [
        *lines,
        row("Steuer %   Netto   Steuer", "Brutto"),
        row(f"B= 7,0%  {comma(net)}  {comma(share(truth.total, 7))}", comma(truth.total)),
        row(f"Gesamtbetrag {comma(net)}  {comma(share(truth.total, 7))}", comma(truth.total)),
        f"Datum: {truth.date:%d.%m.%Y}  Uhrzeit: {truth.time:%H:%M} Uhr",
        f"Bon-Nr.: {truth.document}",
        f"UID Nr.: DE{truth.tax_id}",
        "Vielen Dank für Ihren Einkauf!",
    ]


def my(truth: Truth) -> list[str]:
    lines = [truth.merchant, "12, JALAN TAMPOI 7/4", "81200 JOHOR BAHRU, JOHOR", f"GST ID : {truth.tax_id}"]
    lines += ["TAX INVOICE", f"Inv No : {truth.document}", f"Date : {truth.date:%d/%m/%Y} {truth.time:%I:%M:%S %p}"]
    lines += [row("DESC   QTY   U.PRICE", "AMOUNT(RM)")]
    for one in truth.bought:
        lines += [one.name, row(f"  {one.quantity.normalize():f} x {one.price}", f"{one.sum} SR")]
    net = truth.whole - share(truth.whole, 6)
    lines += [row("Total (Excluding GST) :", f"{net}"), row("GST @6% :", f"{share(truth.whole, 6)}")]
    lines += [row("Total Sales (Inclusive of GST) :", f"{truth.whole}")]
    if truth.is_cash:
        lines += [row("Rounding Adj :", f"{truth.total - truth.whole}"), row("Total Amt Payable :", f"{truth.total}")]
        lines += [row("CASH", f"{truth.given}"), row("CHANGE", f"{truth.change}")]
    else:
        lines += [row("TOTAL PAYABLE (RM)", f"{truth.total}"), row("VISA CARD", f"{truth.total}")]
    return [
        *lines,
        row("GST Summary    Amount(RM)", "Tax(RM)"),
        row(f"SR 6%   {net}", f"{share(truth.whole, 6)}"),
        row(f"Total   {net}", f"{share(truth.whole, 6)}"),
        "GOODS SOLD ARE NOT RETURNABLE",
    ]


LAYOUTS: Mapping[str, Callable[[Truth], list[str]]] = {"ua": ua, "ua_soft": ua_soft, "ru": ru, "de": de, "my": my}
SHOPS = {
    "ua": ('ТОВ "КУТОЧОК СМАКУ"', "407201926538", "4000138375"),
    "ua_soft": ("ФОП Коваленко Ірина Петрівна", "3012345678", "4000512390"),
    "ru": ('ООО "СЕМЕЙНАЯ ЛАВКА"', "1655123456", "9960440301234567"),
    "de": ("Frischemarkt Lange GmbH", "812706034", ""),
    "my": ("KEDAI MAKMUR TRADING SDN BHD", "001694261248", ""),
}
GOODS = {
    "ua": ("ХЛІБ УКРАЇНСЬКИЙ", "МОЛОКО 2.5% 900Г", "СИР ГАУДА", "КАВА МЕЛЕНА", "ЯБЛУКА", "Цитрамон-Дарниця №10"),
    "ru": ("Молоко 3,2%", "Хлеб бородинский", "Сыр российский", "Чай черный", "Конфеты", "Вода питьевая"),
    "de": ("BIO MILCH", "BROT VOLLKORN", "GOUDA JUNG", "KAFFEE", "ORANGEN", "WASSER STILL"),
    "my": ("WHITE BREAD", "CHICKEN RICE", "ICE LEMON TEA", "BATTERY AA", "PAPER A4", "NOODLE SOUP"),
}
NO_PARTS = {"de", "my"}  # nothing is weighed there


def make(layout: str, seed: int) -> Truth:
    """The same one for the same seed."""
    dice = random.Random(f"{layout}{seed}")
    merchant, tax_id, register = SHOPS[layout]
    goods = GOODS.get(layout) or GOODS["ua"]
    bought = []
    for name in dice.sample(goods, dice.randint(1, len(goods))):
        kinds = [Decimal(1), Decimal(1), Decimal(2), Decimal(3)]
        kinds += [] if layout in NO_PARTS else [Decimal(dice.randint(101, 2499)) / 1000]
        bought.append(Bought(name, dice.choice(kinds), (Decimal(dice.randint(99, 29999)) / 100).quantize(CENT)))
    moment = datetime(2017, 1, 1, 8, 0, 0) + timedelta(days=dice.randint(0, 3500), minutes=dice.randint(0, 800))  # noqa: DTZ001
    return Truth(
        layout, merchant, tax_id, moment.date(), moment.time(), tuple(bought), dice.random() < 0.5, register,
        str(dice.randint(10_000, 999_999)),
    )  # fmt: skip


def printed(truth: Truth) -> list[str]:
    return LAYOUTS[truth.layout](truth)
