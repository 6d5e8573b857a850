"""Who sold it, and the numbers by which a tax office knows them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.receipts.ocr.parse import labels
from services.receipts.ocr.parse.amounts import amounts
from services.receipts.ocr.parse.text import fold, letters, says

FORMS = re.compile(
    r"(?<!\w)([TТ][зЗsz3]?[OОоo0][BВ]|ФОП|ПП|ПрАТ|АТ|ООО|000|ОАО|АО|ПАО|ИП|ЗАО|Общество|Акционерное|Товариство|Приватне)(?!\w)"
    r"|\b(SDN\.?|BHD\.?|ENTERPRISE|TRADING|GMBH|OHG|KG|AG|LTD|PLT|INC)\b",
    re.IGNORECASE,
)
KIND = re.compile(
    r"\b(restaurant|restoran|market|mart|store|shop|supermarket|pharmacy|bakery|cafe|kafe|baumarkt|апте|магазин|маркет|кафе|ресторан)",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"(?<!\w)(вул|ул|м\.|г\.|смт|обл|просп|jalan|jln|str\.|straße|lot|no\.?\s*\d|tel|тел|ст\.|р-н)", re.IGNORECASE
)
TAX_ID = (
    re.compile(r"(?<!\w)(?:ІПН|IПH|П[НH]|ІД|ИД|I[ДD]|ЄДРПОУ)\W{0,4}([0-9]{8,12})(?![0-9])"),
    re.compile(r"(?<!\w)И[НH]{2}\W{0,4}([0-9]{10}|[0-9]{12})(?![0-9])"),
    re.compile(r"GST\s*(?:ID|REG|NO|TD)?[\s.:#№NO]*([0-9O]{12})(?![0-9])", re.IGNORECASE),
    re.compile(r"(?<!\w)(?:UID|USt)\W{0,2}(?:Id)?\W{0,2}N?r?\W{0,4}DE\W?([0-9]{9})(?![0-9])", re.IGNORECASE),
    re.compile(r"(?:UID|USt|D|0)\W{0,3}(?:Id)?\W{0,3}N?r?\W{0,4}(?:DE|0Е|DЕ)([0-9]{9})(?![0-9])", re.IGNORECASE),
    re.compile(r"Steuer\W{0,2}n?N?u?m?m?e?r\W{0,4}\s*([0-9/]{10,15})", re.IGNORECASE),
)
REGISTER = (
    re.compile(r"(?<!\w)[ФО0]?[НHМ]\s*(?:ПРРО|РРО)?\W{0,4}([0-9]{10}|[0-9]{16})(?![0-9])"),
    re.compile(r"(?:ПРРО|РРО|ККТ)\D{0,12}([0-9]{10,16})(?![0-9])"),
)
DOCUMENT = (
    re.compile(r"(?:ФД|ФДN|ФД№|ДОКУМЕНТ|Чек\s*ФН|ЧЕК)\s*[№#N]?\s*:?\s*([0-9A-Za-z_-]{4,20})(?!\w)"),
    re.compile(
        r"(?<!\w)(?:invoice|inv|receipt|rcpt|doc|bill|bon)[\s.-]{0,2}(?:no|nr|number|#|№|й)\W{0,4}([A-Z0-9/-]{4,20})",
        re.IGNORECASE,
    ),
)
HEAD = 14


def find_merchant(lines: Sequence[str]) -> str | None:
    """As printed, without what frames it."""
    head = [line for line in lines[:HEAD] if letters(line) >= 4]
    for pattern in (FORMS, KIND):
        for line in head:
            if pattern.search(line) and letters(line) >= 4 and not _is_else(line):
                return _clean(line)
    for line in head:
        if letters(line) >= 4 and not ADDRESS.search(line) and not _is_else(line):
            return _clean(line)
    return None


def find_first(patterns: Sequence[re.Pattern[str]], lines: Sequence[str]) -> str | None:
    for pattern in patterns:
        for line in lines:
            if match := pattern.search(line):
                return match[1].replace("O", "0") if match[1].count("O") < 4 else match[1]
    return None


def _is_else(line: str) -> bool:
    folded = fold(line)
    return bool(amounts(line)) or says(folded, ("TAX INVOICE", "INVOICE", "RECEIPT", "WELCOME", "KACCOBЫИ ЧEK"))


def _clean(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip(" -_.*|:=~«»\"'<>#")[:120]


def says_not_fiscal(lines: Sequence[str]) -> bool:
    whole = " ".join(lines).lower()
    return any(word in whole for word in labels.NOT_FISCAL)


def says_refund(lines: Sequence[str]) -> bool:
    """In a line that says nothing else: conditions of returning goods are printed on every second receipt. With a minus
    it is one thing that was taken back before paying."""
    known = (*labels.OPERATION, *(word for phrase in labels.REFUND for word in phrase.split()))
    for line in lines:
        folded = fold(" ".join(word for word in line.split() if letters(word) > 1))
        words = folded.split()
        if not words or len(words) > 4 or any(amount.is_minus for amount in amounts(line)):
            continue
        if says(folded, labels.REFUND, score=90) and all(says(word, known, score=90) for word in words):
            return True
    return False


def has_receipt_words(lines: Sequence[str]) -> bool:
    some = (*labels.PAYABLE, *labels.TOTAL, *labels.TAX, *labels.CASH, *labels.CARD, *labels.FISCAL_WORDS)
    return any(says(fold(line), some) for line in lines)


def has_fiscal_words(lines: Sequence[str]) -> bool:
    return any(says(fold(line), labels.FISCAL_WORDS) for line in lines)
