"""Words by which receipts name their sums, folded as text.fold does."""

from __future__ import annotations

from services.receipts.ocr.parse.text import fold


def _folded(*words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold(word) for word in words))


# What is to be paid, after everything.
PAYABLE = _folded(
    "до сплати", "до оплати", "к оплате", "к уплате", "итого к оплате", "разом до сплати", "сума до сплати",
    "grand total", "total payable", "amount payable", "amount due", "total due", "nett total", "net total",
    "total amount payable", "rounded total", "total rounded", "total after rounding", "total after rounding adj",
    "total to pay", "amount to pay", "total rm", "total incl gst", "total inclusive gst", "total inc gst",
    "total including gst", "total sales inclusive of gst", "total sales inclusive gst", "total amount incl gst",
    "total amt payable", "total amt incl gst", "total amt rounding", "final total", "zu zahlen", "zahlbetrag",
    "gesamtbetrag", "endbetrag", "gesamtsumme", "rechnungsbetrag", "do zapłaty", "total sales incl gst",
    "bill total", "total with gst", "total amount with gst", "total inclusive of gst", "net amount",
    "nett amount", "total price",
)  # fmt: skip
TOTAL = _folded(
    "всього", "усього", "разом", "сума", "сума чека", "итого", "итог", "всего", "сумма", "total", "totai", "tota",
    "summe", "gesamt", "betrag", "total amount", "total sales", "suma", "razem", "total amt", "invoice total",
    "summe eur",
)  # fmt: skip
# Beside a total: it is of something else.
OTHER = _folded(
    "sub total", "subtotal", "zwischensumme", "підсумок", "подытог", "промежуточный", "проміжна", "tax", "gst",
    "sst", "vat", "mwst", "ust", "пдв", "ндс", "netto", "net", "excl", "excluding", "exclusive", "excl gst",
    "before", "without", "без пдв", "без ндс", "знижка", "скидка", "rabatt", "discount", "disc", "saving",
    "savings", "you saved", "qty", "quantity", "items", "item", "item count", "tem", "points", "punkte", "бонус",
    "бонуси", "бонусы", "балл", "posten", "артикулів", "кількість", "количество", "deposit", "pfand",
    "service charge", "svc", "акциз", "збір", "surcharge", "payment", "tender", "exc",
)  # fmt: skip
CARD = _folded(
    "безготівкова", "безготівковий", "безготівково", "безготівкою", "безналичный", "безналичными", "безналичная",
    "банківська картка", "картка", "карткою", "картой", "карта", "ec karte", "girocard", "visa", "mastercard",
    "maestro", "credit card", "debit card", "credit", "kartenzahlung", "платіжна картка", "платіжною карткою",
    "visa card", "eftpos",
)  # fmt: skip
CASH = _folded(
    "готівка", "готівкою", "готівкова", "наличные", "наличными", "нал", "gegeben", "bar", "cash", "tendered",
    "tender", "получено", "внесено", "отримано", "received", "cash received", "amount tendered", "paid",
    "payment", "gegeben bar", "cash tendered", "cash payment", "cash paid",
)  # fmt: skip
CHANGE = _folded(
    "решта", "здача", "сдача", "rückgeld", "ruckgeld", "zurück", "zuruck", "change", "change due", "balance",
    "reszta", "cash change", "wechselgeld", "chg",
)  # fmt: skip
ROUNDING = _folded(
    "заокруглення", "округлення", "округление", "rounding", "rounding adj", "rounding adjustment", "rundung",
    "round adj", "rnd adj", "rounding adj amt", "round", "rounded",
)  # fmt: skip
# Lines that are none of what was bought.
NOT_BOUGHT = _folded(
    "чек", "касир", "кассир", "касса", "каса", "оператор", "адреса", "адрес", "тел", "tel", "fax", "phone", "phn",
    "email", "інн", "инн", "пн", "ід", "зн", "фн", "фп", "фд", "фіскальний", "фискальный", "invoice", "receipt",
    "cashier", "date", "time", "table", "no", "reg no", "gst no", "gst id", "datum", "uhrzeit", "steuernummer",
    "steuer nr", "filiale", "дата", "час", "время", "смена", "зміна", "терминал", "термінал", "rrn", "код авт",
    "авторизація", "авторизация", "банк", "транзакція", "сайт", "www", "спасибо", "дякуємо", "thank", "thank you",
    "vielen dank", "www", "http", "операція", "операция", "оплата", "приход", "сно", "рн ккт", "зн ккт",
    "место расчетов", "чек номер", "check", "item", "qty", "price", "amount", "description", "desc", "ціна",
    "цена", "кіл", "кількість", "назва", "товар", "u p", "еквайр", "эквайринг", "комісія", "комиссия", "merchant",
    "trans", "код", "уктзед", "укт", "артикул", "арт", "штрихкод", "полный", "признак", "предмет",
    "пос", "pos", "bon", "вул", "ул", "місто",
)  # fmt: skip
TAX = _folded(
    "пдв", "ндс", "mwst", "ust", "steuer", "gst", "sst", "vat", "tax", "ptu", "netto", "акциз", "gst summary",
)  # fmt: skip
# Beside an amount: a discount, a tax or a rounding, not a thing.
NO_GOODS = (
    *ROUNDING,
    *_folded(
        "знижка", "скидка", "rabatt", "discount", "disc", "пдв", "ндс", "mwst", "gst", "sst", "акциз", "економія",
        "экономия", "бонус", "preisvorteil", "ersparnis", "coupon", "voucher", "service charge", "svc chg",
    ),
)  # fmt: skip
DISCOUNT = _folded(
    "знижка", "скидка", "rabatt", "discount", "disc", "економія", "preisvorteil", "coupon", "voucher", "leergut",
)  # fmt: skip
# Words that stand for the sum of one line, in the line of that sum.
COST = r"(?i)\b(?:стоимость|вартість|сума|сумма|цена|ціна|amount|грн|руб|eur|rm)\b|€|/(?:kg|кг|шт|stk)\b"
NOT_FISCAL = (
    "не є фіскальн", "не фіскальн", "нефіскальн", "не является фискальн", "нефискальн", "не фискальн", "пречек",
    "прочек", "предчек", "передчек", "попередній рахунок", "предварительный счет", "предварительный счёт",
    "гостевой счет", "гостьовий рахунок", "гостевой счёт", "not a receipt", "pro forma", "proforma",
    "zwischenrechnung", "чек не фіскальний", "службовий чек", "службовий документ", "копія чека", "копия чека",
    "это не кассовый чек", "счет на оплату",
)  # fmt: skip
REFUND = _folded(
    "повернення", "видатковий чек", "возврат прихода", "возврат", "чек повернення", "refund", "storno",
    "gutschrift", "видача коштів", "возврат товара", "rückgabe", "credit note",
)  # fmt: skip
# Words that may stand beside those of a refund in the line that says what is done.
OPERATION = _folded(
    "чек", "чека", "чеку", "касовий", "кассовый", "фіскальний", "фискальный", "операція", "операция", "тип", "вид",
    "документ", "коштів", "товару", "товара", "прихода", "receipt", "sale", "note", "type",
)  # fmt: skip
FISCAL_WORDS = _folded(
    "фіскальний", "фіскальний чек", "фискальный", "кассовый чек", "касовий чек", "фн прро", "ф н", "tax invoice",
    "steuernummer", "ust id", "tse", "gst id", "gst reg", "gst reg no", "gst no", "simplified tax invoice",
    "steuer nr", "mwst", "bon nr", "beleg nr", "uid nr", "ust idnr", "приход", "рн ккт", "фіскальний номер",
)  # fmt: skip
