"""The rules one by one: what each sees on a receipt, and what it says. Sums, caps and budget come after (earn.py)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.platform.money import LIMIT, Money
from services.receipts.facts import Reading
from services.receipts.rules.campaign import Campaign
from services.receipts.rules.decision import Facts, Match, Result, Step
from services.receipts.rules.fold import fold
from services.receipts.rules.match import minor, score

# How far a receipt's local time may be ahead of the campaign's: clocks run fast, and Russia has eleven time zones.
AHEAD = {"RU": timedelta(hours=10)}
AHEAD_ELSEWHERE = timedelta(hours=1)
CURRENCIES = {"UA": "UAH", "RU": "RUB"}
MERCHANT_SCORE = 80
TOO_MUCH = "sums_do_not_add_up"  # the products alone cost more than everything
ENGINE_FAULTS = frozenset({"engine_failed", "no_engine"})
# Of reading.reasons: never paid, whatever a campaign says. (A campaign itself says whether a receipt must be fiscal.)
NEVER = ("refund", "not_receipt")


class Look:
    """A campaign looking at a receipt. `sure`: what was read may be believed, so that it can stand against the
    receipt, too; where it may not, a person must look."""

    def __init__(self, campaign: Campaign, facts: Facts, *, reviewed: bool) -> None:
        self.campaign, self.facts, self.reading, self.reviewed = campaign, facts, facts.reading, reviewed
        self.sure = reviewed or not doubts(campaign, facts.reading)

    def step(self, rule: str, saw: object, wants: object, result: Result, reason: str | None = None) -> Step:
        return Step(self.campaign.slug, rule, _said(saw), _said(wants), result, reason)

    def against(self, rule: str, saw: object, wants: object, reason: str, *, certain: bool | None = None) -> Step:
        certain = self.sure if certain is None else certain
        return self.step(rule, saw, wants, "no" if certain else "doubt", reason)


def checks(look: Look, matched: tuple[Match, ...]) -> Iterator[Step]:
    """In the order in which they are told: the first that says no is the reason."""
    yield _open(look)
    yield from _kind(look)
    yield from _trust(look)
    yield _fiscal(look)
    yield _country(look)
    yield _currency(look)
    yield from _dates(look)
    yield _person(look)
    yield _merchant(look)
    yield from _total(look)
    yield from _products(look, matched)


def _open(look: Look) -> Step:
    campaign = look.campaign
    if campaign.state != "running":
        return look.against("state", campaign.state, "running", "campaign_closed", certain=True)
    if look.facts.submitted_at < campaign.starts_at:
        at, since = look.facts.submitted_at, campaign.starts_at
        return look.against("state", _local(at, campaign), _local(since, campaign), "before_campaign", certain=True)
    return look.step("state", campaign.state, "running", "ok")


def _kind(look: Look) -> Iterator[Step]:
    code, reasons = look.reading.code, look.reading.reasons
    if code is not None and code.kind != "sale":
        yield look.against("kind", code.kind, "sale", "refund", certain=True)
    for reason in NEVER:
        if reason in reasons:
            yield look.against("kind", reason, "sale", reason, certain=True)
    if nothing_read(look.reading):
        faults = sorted(ENGINE_FAULTS & set(reasons))  # no fault of the person's
        yield look.against("kind", "nothing", "text", faults[0] if faults else "unreadable", certain=not faults)


def nothing_read(reading: Reading) -> bool:
    known = (reading.code, reading.total, reading.date, reading.merchant, reading.tax_id, reading.fiscal_number)
    return not is_readable(reading) and all(one is None for one in known)


def is_readable(reading: Reading) -> bool:
    """There is text in which a product could be named."""
    return any(line.name.strip() for line in reading.lines) or any(text.strip() for text in reading.texts)


def doubts(campaign: Campaign, reading: Reading) -> list[str]:
    """Why what was read may not be believed without a person."""
    passing = set() if campaign.fiscal else {"not_fiscal"}
    found = sorted(set(reading.reasons) - passing - set(NEVER))
    return found or (["unconfirmed"] if reading.tier == "D" else [])


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


def _dates(look: Look) -> Iterator[Step]:
    """A day without a time counts where any moment of it does. What a fiscal code says of the day is certain."""
    campaign, day, at = look.campaign, look.reading.date, look.reading.time
    if day is None:
        yield look.step("date", None, "a date", "missing", "no_date")
        return
    certain = look.sure or (look.reading.code is not None and look.reading.code.date == day)
    saw = f"{day.isoformat()} {at:%H:%M}" if at else day.isoformat()
    first, last = _moment(day, at or dt.time.min, campaign), _moment(day, at or dt.time.max, campaign)
    sent = look.facts.submitted_at
    latest = sent + AHEAD.get(look.reading.country or "", AHEAD_ELSEWHERE)
    age = (sent.astimezone(campaign.zone).date() - day).days
    if first > latest:
        yield look.against("date", saw, f"until {_local(latest, campaign)}", "future_date", certain=certain)
    elif age > campaign.max_age_days:
        yield look.against("age", f"{age} days", f"{campaign.max_age_days} days", "too_old", certain=certain)
    if last < campaign.starts_at:
        since = f"since {_local(campaign.starts_at, campaign)}"
        yield look.against("dates", saw, since, "before_campaign", certain=certain)
    elif first >= campaign.ends_at:
        until = f"before {_local(campaign.ends_at, campaign)}"
        yield look.against("dates", saw, until, "after_campaign", certain=certain)
    else:
        since, until = _local(campaign.starts_at, campaign), _local(campaign.ends_at, campaign)
        yield look.step("dates", saw, f"{since} to {until}", "ok")


def _moment(day: dt.date, at: dt.time, campaign: Campaign) -> datetime:
    """Years at the ends of the calendar have no moment in every zone: those of UTC are near enough."""
    zone = campaign.zone if 1 < day.year < 9999 else UTC
    return datetime.combine(day, at.replace(tzinfo=None), zone)


def _person(look: Look) -> Step:
    days, since = look.campaign.new_people_days, look.facts.first_seen_at
    if days is None or since is None:
        return look.step("person", since and _local(since, look.campaign), "any" if days is None else days, "ok")
    known = (look.facts.submitted_at - since).days
    if known > days:
        return look.against("person", f"{known} days", f"{days} days", "not_for_you", certain=True)
    return look.step("person", f"{known} days", f"{days} days", "ok")


def _merchant(look: Look) -> Step:
    shops, reading = look.campaign.shops, look.reading
    if not shops.tax_ids and not shops.names:
        return look.step("merchant", reading.merchant, "any", "ok")
    wants = (*shops.tax_ids, *shops.names)
    if reading.tax_id is not None and reading.tax_id in shops.tax_ids:
        return look.step("merchant", reading.tax_id, wants, "ok")
    if reading.merchant and any(_same_shop(name, reading.merchant) for name in shops.names):
        return look.step("merchant", reading.merchant, wants, "ok")
    # Which of the two would have named it was not read: it may be the one all the same.
    unknown = (bool(shops.tax_ids) and reading.tax_id is None) or (bool(shops.names) and not reading.merchant)
    if unknown:
        return look.step("merchant", reading.tax_id or reading.merchant, wants, "doubt", "merchant_unknown")
    saw = " ".join(filter(None, (reading.tax_id, reading.merchant)))
    return look.against("merchant", saw, wants, "merchant_not_in_campaign")


def _same_shop(name: str, merchant: str) -> bool:
    return score(fold(name), fold(merchant)) >= MERCHANT_SCORE


def _total(look: Look) -> Iterator[Step]:
    campaign = look.campaign
    total = minor(look.reading.total, campaign.currency)
    wanted = campaign.min_total
    if total is None and (wanted or campaign.bonus.looks_at == "total"):
        yield look.step("total", None, campaign.money(wanted), "missing", "no_total")
    elif total is not None and total < wanted:
        yield look.against("total", campaign.money(total), campaign.money(wanted), "below_min")
    elif total is not None:
        yield look.step("total", campaign.money(total), campaign.money(wanted), "ok")


def _products(look: Look, matched: tuple[Match, ...]) -> Iterator[Step]:
    skus = [product.sku for product in look.campaign.products]
    if not skus:
        return
    if not matched and is_readable(look.reading):
        yield look.against("products", "none", skus, "no_product")
    elif not matched:
        yield look.step("products", None, skus, "missing", "no_product")
    else:
        yield look.step("products", [f"{one.sku}: {one.alias} {one.score}%" for one in matched], skus, "ok")
        yield from _quantity(look, [one.quantity for one in matched])
        yield from _matched_sum(look, [one.sum for one in matched])


def _quantity(look: Look, pieces: list[int | None]) -> Iterator[Step]:
    wanted = look.campaign.min_quantity
    if wanted <= 1 and look.campaign.bonus.looks_at != "quantity":
        return
    known = [one for one in pieces if one is not None]
    if len(known) < len(pieces):
        yield look.step("quantity", None, wanted, "missing", "quantity_unknown")
    elif sum(known) < wanted:
        yield look.against("quantity", sum(known), wanted, "below_min")
    else:
        yield look.step("quantity", sum(known), wanted, "ok")


def _matched_sum(look: Look, sums: list[int | None]) -> Iterator[Step]:
    campaign = look.campaign
    if not campaign.min_matched_sum and campaign.bonus.looks_at != "matched":
        return
    wanted = campaign.money(campaign.min_matched_sum)
    known = [one for one in sums if one is not None]
    total = minor(look.reading.total, campaign.currency)
    if len(known) < len(sums) or sum(known) >= LIMIT:
        yield look.step("matched_sum", None, wanted, "missing", "sum_unknown")
        return
    together = campaign.money(sum(known))
    if together < wanted:
        yield look.against("matched_sum", together, wanted, "below_min")
    elif total is not None and together.minor > total:
        yield look.step(
            "matched_sum", f"{_said(together)} of {_said(campaign.money(total))}", wanted, "doubt", TOO_MUCH
        )
    else:
        yield look.step("matched_sum", together, wanted, "ok")


def _said(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, Money):
        return f"{value} {value.currency}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _local(at: datetime, campaign: Campaign) -> str:
    return f"{at.astimezone(campaign.zone):%Y-%m-%d %H:%M}"
