"""In what currency, and of which country."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

MARKS = {
    "UAH": re.compile(r"грн|₴|\buah\b|гривен|гривн", re.IGNORECASE),
    "RUB": re.compile(r"(?<!\w)(руб|₽|rub|р\.)(?!\w)", re.IGNORECASE),
    "EUR": re.compile(r"(?<!\w)(eur|euro|€)(?!\w)|€", re.IGNORECASE),
    "MYR": re.compile(r"(?<!\w)(rm|myr)(?=\s?[0-9)]|\b)", re.IGNORECASE),
    "PLN": re.compile(r"(?<!\w)(pln|zł)(?!\w)", re.IGNORECASE),
    "USD": re.compile(r"\busd\b", re.IGNORECASE),
}
COUNTRIES = {"UAH": "UA", "RUB": "RU", "EUR": "DE", "MYR": "MY", "PLN": "PL", "USD": "US"}
PLACES = {
    "UA": re.compile(r"україн|ПРРО|\bПДВ\b|[іїєґІЇЄҐ]{1}\w*[іїєґ]|сплати|готівк|гривн", re.IGNORECASE),
    "RU": re.compile(r"\bНДС\b|ИНН|ККТ|приход|налог|россия|кассовый", re.IGNORECASE),
    "DE": re.compile(r"mwst|steuer|summe|gmbh|danke?\b|\bust\b", re.IGNORECASE),
    "MY": re.compile(r"\bgst\b|\bsdn\b|\bbhd\b|jalan|malaysia|selangor|kuala|johor", re.IGNORECASE),
}
OF = {country: currency for currency, country in COUNTRIES.items()}


def find_currency(lines: Sequence[str]) -> tuple[str | None, str | None]:
    """Currency (ISO 4217) and country (ISO 3166-1), by what is printed."""
    whole = "\n".join(lines)
    marks = Counter({currency: len(pattern.findall(whole)) for currency, pattern in MARKS.items()})
    places = Counter({country: len(pattern.findall(whole)) for country, pattern in PLACES.items()})
    votes = Counter({currency: 3 * min(count, 3) for currency, count in marks.items()})
    for country, count in places.items():
        votes[OF[country]] += min(count, 5)
    currency, weight = votes.most_common(1)[0]
    return (currency, COUNTRIES[currency]) if weight else (None, None)
