"""The rules one by one: what each sees on a receipt, and what it says. Sums, caps and budget come after (earn.py)."""

from __future__ import annotations

from collections.abc import Iterator

from services.receipts.facts import Reading
from services.receipts.rules.campaign import Shops
from services.receipts.rules.checks_dates import dates
from services.receipts.rules.checks_goods import products, total_sum
from services.receipts.rules.decision import Match, Step
from services.receipts.rules.fold import Folded
from services.receipts.rules.look import NEVER, Look, doubts, is_readable, local
from services.receipts.rules.match import score

CURRENCIES = {"UA": "UAH", "RU": "RUB"}
MERCHANT_SCORE, MERCHANT_NEAR = 80, 65
NEAR_DIGITS = 2
ENGINE_FAULTS = frozenset({"engine_failed", "no_engine"})


def checks(look: Look, matched: tuple[Match, ...]) -> Iterator[Step]:
    """In the order in which they are told: the first that says no is the reason."""
    yield _open(look)
    yield from _kind(look)
    yield from _trust(look)
    yield _fiscal(look)
    yield _country(look)
    yield _currency(look)
    yield from dates(look)
    yield _person(look)
    yield _merchant(look)
    yield from total_sum(look)
    yield from products(look, matched)


def _open(look: Look) -> Step:
    campaign = look.campaign
    if campaign.state != "running":
        return look.against("state", campaign.state, "running", "campaign_closed", certain=True)
    if look.facts.submitted_at < campaign.starts_at:
        at, since = look.facts.submitted_at, campaign.starts_at
        return look.against("state", local(at, campaign), local(since, campaign), "before_campaign", certain=True)
    return look.step("state", campaign.state, "running", "ok")


def _kind(look: Look) -> Iterator[Step]:
    code, reasons = look.reading.code, look.reading.reasons
    if code is not None and code.kind != "sale":
        yield look.against("kind", code.kind, "sale", "refund", certain=True)
    for reason in NEVER:
        if reason in reasons:
            yield look.against("kind", reason, "sale", reason, certain=True)
    if _nothing_read(look.reading):
        faults = sorted(ENGINE_FAULTS & set(reasons))  # no fault of the person's
        yield look.against("kind", "nothing", "text", faults[0] if faults else "unreadable", certain=not faults)


def _nothing_read(reading: Reading) -> bool:
    known = (reading.code, reading.total, reading.date, reading.merchant, reading.tax_id, reading.fiscal_number)
    return not is_readable(reading) and all(one is None for one in known)


def _trust(look: Look) -> Iterator[Step]:
    if look.reviewed:
        yield look.step("trust", "a person", "A, B, C", "ok")
        return
    found = doubts(look.campaign, look.reading)
    for reason in found:
        yield look.step("trust", look.reading.tier, "A, B, C", "doubt", reason)
    if not found:
        yield look.step("trust", look.reading.tier, "A, B, C", "ok")


def _fiscal(look: Look) -> Step:
    reading = look.reading
    if not look.campaign.fiscal:
        return look.step("fiscal", "any", "any", "ok")
    if "not_fiscal" in reading.reasons:
        return look.against("fiscal", "not fiscal", "fiscal", "not_fiscal", certain=True)
    if reading.code is None and not reading.fiscal_number and reading.source != "register":
        return look.step("fiscal", "unknown", "fiscal", "doubt", "fiscal_unknown")
    return look.step("fiscal", "fiscal", "fiscal", "ok")


def _country(look: Look) -> Step:
    wanted, seen = look.campaign.countries, look.reading.country
    if not wanted:
        return look.step("country", seen, "any", "ok")
    if seen is None:
        return look.step("country", seen, wanted, "doubt", "country_unknown")
    if seen not in wanted:
        return look.against("country", seen, wanted, "country_not_in_campaign")
    return look.step("country", seen, wanted, "ok")


def _currency(look: Look) -> Step:
    seen, wanted = look.reading.currency or CURRENCIES.get(look.reading.country or ""), look.campaign.currency
    if seen is None:
        return look.step("currency", seen, wanted, "doubt", "currency_unknown")
    if seen != wanted:
        return look.against("currency", seen, wanted, "currency_mismatch")
    return look.step("currency", seen, wanted, "ok")


def _person(look: Look) -> Step:
    days, since = look.campaign.new_people_days, look.facts.first_seen_at
    if days is None or since is None:
        return look.step("person", since and local(since, look.campaign), "any" if days is None else days, "ok")
    known = (look.facts.submitted_at - since).days
    if known > days:
        return look.against("person", f"{known} days", f"{days} days", "not_for_you", certain=True)
    return look.step("person", f"{known} days", f"{days} days", "ok")


def _merchant(look: Look) -> Step:
    shops, reading = look.campaign.shops, look.reading
    if not shops.tax_ids and not shops.names:
        return look.step("merchant", reading.merchant, "any", "ok")
    wants = (*shops.tax_ids, *shops.names)
    if any(_same_taxpayer(one, reading.tax_id or "") for one in shops.tax_ids):
        return look.step("merchant", reading.tax_id, wants, "ok")
    for text in (reading.merchant or "", *reading.texts):  # which line is the shop's name is often misjudged
        if _is_named(shops, text, MERCHANT_SCORE):
            return look.step("merchant", text, wants, "ok")
    # Which of the two would have named it was not read: it may be the one all the same.
    unknown = (bool(shops.tax_ids) and reading.tax_id is None) or (bool(shops.names) and not reading.merchant)
    if unknown or _is_near(shops, reading):
        return look.step("merchant", reading.tax_id or reading.merchant, wants, "doubt", "merchant_unknown")
    saw = " ".join(filter(None, (reading.tax_id, reading.merchant)))
    return look.against("merchant", saw, wants, "merchant_not_in_campaign")


def _same_taxpayer(one: str, other: str) -> bool:
    """Ukrainian receipts show the payer of VAT by twelve digits, whose first seven are those of its register number of
    eight digits."""
    return one == other or ({len(one), len(other)} == {8, 12} and one[:7] == other[:7])


def _is_named(shops: Shops, text: str, enough: int) -> bool:
    folded = Folded.of(text)
    return any(score(Folded.of(name), folded, enough) >= enough for name in shops.names)


def _is_near(shops: Shops, reading: Reading) -> bool:
    """Nothing confirms how a shop was read: two digits or some letters may be wrong."""
    tax_id = reading.tax_id or ""
    digits = any(
        len(one) == len(tax_id) and sum(a != b for a, b in zip(one, tax_id, strict=True)) <= NEAR_DIGITS
        for one in shops.tax_ids
    )
    return reading.tier != "A" and (digits or _is_named(shops, reading.merchant or "", MERCHANT_NEAR))
