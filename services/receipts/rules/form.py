"""The operator's file of campaigns (TOML) into plain rules. Its form: docs/receipts-campaigns.md."""

from __future__ import annotations

import tomllib
from collections import Counter
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from services.platform.errors import Invalid
from services.receipts.rules.campaign import BASES, BONUSES, PAYOUTS, SPANS, STACKS, STATES
from services.receipts.rules.fold import fold
from services.receipts.rules.section import Section
from services.receipts.rules.stored import LONGEST_AGE

SLUG = r"[a-z][a-z0-9-]{0,30}"
CURRENCIES = ("UAH", "RUB", "USD", "EUR")  # what is printed on receipts
ZONES = {"UAH": "Europe/Kyiv", "RUB": "Europe/Moscow"}
COUNT_A_DAY = 3
WIDEST = 1000
Written = tuple[str, str | None, dict[str, Any]]  # slug, state where the file says one, rules


class BadCampaigns(Invalid):
    """`faults` names every fault of the file with its place; nothing of the file was applied."""

    code: ClassVar[str] = "bad_receipt_campaigns"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_campaigns(toml: str) -> list[Written]:
    """Raises BadCampaigns."""
    try:
        document = tomllib.loads(toml, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:  # a number of 5000 digits, [[[[...
        raise BadCampaigns([f"not TOML: {error}"]) from None
    faults: list[str] = []
    whole = Section(document, "file", faults)
    given = whole.value("campaign")
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise BadCampaigns(["there is no [[campaign]] in it"])
    whole.close()
    written = [
        _campaign(Section(one, f"campaign {_named(one, number)}", faults)) for number, one in enumerate(given, 1)
    ]
    times = Counter(slug for slug, _, _ in written if slug)
    faults += [f"campaign {slug!r}: given twice" for slug, count in sorted(times.items()) if count > 1]
    if faults:
        raise BadCampaigns(faults)
    return written


def _named(given: dict[str, Any], number: int) -> str:
    slug = given.get("slug")
    return repr(slug[:40]) if isinstance(slug, str) else str(number)


def _campaign(form: Section) -> Written:
    slug = form.text("slug", 31, SLUG, "must be 1 to 31 of a-z, 0-9 and -, beginning with a letter")
    state = form.choice("state", STATES) if "state" in form.given else None
    currency = form.choice("currency", CURRENCIES)
    zone = _zone(form, currency)
    rules: dict[str, Any] = {
        "name": form.texts("name", 60),
        "starts_at": form.moment("starts_at", zone),
        "ends_at": form.moment("ends_at", zone),
        "time_zone": zone.key if zone else ZONES.get(currency, "UTC"),
        "currency": currency,
        "budget": form.amount("budget", currency, must=True),
        "products": [_product(one) for one in form.parts("products", 200)],
        "bonus": _bonus(form.part("bonus", must=True), currency),
        "limits": _limits(form.part("limits"), currency),
        "shops": _shops(form.part("shops")),
        "countries": sorted(form.words("countries", "[A-Z]{2}", "countries such as UA")),
        "fiscal": form.flag("fiscal", default=True),
        "max_age_days": form.whole("max_age_days", 7, most=LONGEST_AGE),
        "min_total": form.amount("min_total", currency),
        "min_matched_sum": form.amount("min_matched_sum", currency),
        "min_quantity": form.whole("min_quantity", 0),
        "new_people_days": form.whole("new_people_days", None),
        "priority": form.whole("priority", 0, least=-WIDEST, most=WIDEST),
        "stack": form.choice("stack", STACKS, "best"),
        "payout": form.choice("payout", PAYOUTS, "balance"),
    }
    form.close()
    _together(form, rules)
    for name in ("starts_at", "ends_at"):
        rules[name] = rules[name].isoformat()
    return slug, state, rules


def _zone(form: Section, currency: str) -> ZoneInfo | None:
    """Where the file names none: that of the currency's country, but only for days and weeks. A moment without an
    offset is not guessed."""
    given = form.value("time_zone")
    if given is None:
        return None
    try:
        return ZoneInfo(given)
    except (KeyError, ValueError, OSError, TypeError, AttributeError):  # no name of one; a path; no text
        form.fault("time_zone", "must be a time zone such as Europe/Kyiv")
        return ZoneInfo(ZONES.get(currency, "UTC"))


def _together(form: Section, rules: dict[str, Any]) -> None:
    """What contradicts itself."""
    if rules["ends_at"] <= rules["starts_at"]:
        form.fault("ends_at", "must be after starts_at")
    if rules["payout"] == "portmone" and rules["currency"] != "UAH":
        form.fault("payout", "portmone pays UAH only")
    skus = Counter(product["sku"] for product in rules["products"] if product["sku"])
    for sku, count in sorted(skus.items()):
        if count > 1:
            form.fault("products", f"have {sku!r} twice")
    bonus, limit = rules["bonus"], rules["limits"]["per_receipt"]
    if not rules["products"]:
        if bonus["kind"] == "per_item" or (bonus["kind"] != "fixed" and bonus["base"] == "matched"):
            form.fault("bonus", 'needs products, or base = "total"')
        for name in ("min_matched_sum", "min_quantity"):
            if rules[name]:
                form.fault(name, "says nothing without products")
    if limit is not None and bonus["least"] > limit:
        form.fault("limits", "has per_receipt below the bonus's min")


def _product(form: Section) -> dict[str, Any]:
    product = {
        "sku": form.text("sku", 60, r"[A-Za-z0-9._-]+", "must be up to 60 of A-Z, a-z, 0-9, ., _ and -"),
        "name": form.text("name", 120),
        "aliases": form.words("aliases", ".{1,100}", "texts of 1 to 100 characters"),
        "exclude": form.words("exclude", ".{1,100}", "texts of 1 to 100 characters"),
        "min_score": form.share("min_score", "0.8", "0.5"),
    }
    if not product["aliases"]:
        form.fault("aliases", "must name the product as receipts do, at least once")
    for name in ("aliases", "exclude"):
        for number, word in enumerate(product[name]):
            if len(fold(word).replace(" ", "")) < 3:
                form.fault(f"{name}[{number}]", "must have three letters or digits, or it would be found everywhere")
    form.close()
    return product


def _shops(form: Section) -> dict[str, list[str]]:
    shops = {
        "tax_ids": sorted(form.words("tax_ids", "[0-9]{8,12}", "tax numbers of 8 to 12 digits, in quotes", 1000)),
        "names": form.words("names", ".{3,100}", "texts of 3 to 100 characters"),
    }
    form.close()
    return shops


def _bonus(form: Section, currency: str) -> dict[str, Any]:
    kind = form.choice("type", BONUSES)
    bonus: dict[str, Any] = {"kind": kind}
    form.choice("round", ("down",), "down")
    if kind in ("fixed", "per_item"):
        bonus["minor"] = form.amount("value", currency, must=True)
    if kind == "percent":
        bonus["percent"] = form.percent("value")
    bonus["base"] = form.choice("base", BASES, "matched") if kind in ("percent", "tiers") else "matched"
    if kind == "tiers":
        bonus["tiers"] = _tiers(form, currency)
    bonus["least"] = form.amount("min", currency) if kind != "fixed" else 0
    bonus["most"] = form.amount("max", currency, None) if kind != "fixed" else None
    if bonus["most"] is not None and bonus["least"] > bonus["most"]:
        form.fault("min", "is above max")
    form.close()
    return bonus


def _tiers(form: Section, currency: str) -> list[list[int | None]]:
    tiers = []
    for one in form.parts("tiers", 20):
        tiers.append([one.amount("from", currency, must=True), one.amount("value", currency, must=True)])
        one.close()
    least = [tier[0] for tier in tiers]
    if not tiers:
        form.fault("tiers", 'must be like [{from = "100.00", value = "2.00"}]')
    elif None not in least and least != sorted(set(least)):  # type: ignore[type-var]  # numbers, then
        form.fault("tiers", "must rise, each from a higher sum")
    return tiers


def _limits(form: Section, currency: str) -> dict[str, Any]:
    counts, sums = form.part("count"), form.part("sum")
    per_receipt = form.amount("per_receipt", currency, None)
    spans = {
        "counts": {span: _count(counts, span) for span in SPANS},
        "sums": {span: sums.amount(span, currency, None) for span in SPANS},
    }
    for one in (counts, sums, form):
        one.close()
    given = {name: {span: most for span, most in by.items() if most is not None} for name, by in spans.items()}
    return {"per_receipt": per_receipt, **given}


def _count(form: Section, span: str) -> int | None:
    if form.given.get(span) == "any":
        form.value(span)
        return None
    return form.whole(span, COUNT_A_DAY if span == "day" else None, least=1)
