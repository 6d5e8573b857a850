"""A campaign looking at a receipt: how far it may believe what it sees, and how it says what it found."""

from __future__ import annotations

from datetime import datetime

from services.platform.money import Money
from services.receipts.facts import Reading
from services.receipts.rules.campaign import Campaign
from services.receipts.rules.decision import Facts, Result, Step

# Of reading.reasons: never paid, whatever a campaign says. (A campaign itself says whether a receipt must be fiscal.)
NEVER = ("refund", "not_receipt")


class Look:
    """A campaign looking at a receipt. `sure`: what was read may be believed, so that it can stand against the
    receipt, too; where it may not, a person must look."""

    def __init__(self, campaign: Campaign, facts: Facts, *, reviewed: bool) -> None:
        self.campaign, self.facts, self.reading, self.reviewed = campaign, facts, facts.reading, reviewed
        self.sure = reviewed or not doubts(campaign, facts.reading)

    def step(self, rule: str, saw: object, wants: object, result: Result, reason: str | None = None) -> Step:
        return Step(self.campaign.slug, rule, said(saw), said(wants), result, reason)

    def against(self, rule: str, saw: object, wants: object, reason: str, *, certain: bool | None = None) -> Step:
        certain = self.sure if certain is None else certain
        return self.step(rule, saw, wants, "no" if certain else "doubt", reason)


def doubts(campaign: Campaign, reading: Reading) -> list[str]:
    """Why what was read may not be believed without a person."""
    passing = set() if campaign.fiscal else {"not_fiscal"}
    found = sorted(set(reading.reasons) - passing - set(NEVER))
    return found or (["unconfirmed"] if reading.tier == "D" else [])


def is_readable(reading: Reading) -> bool:
    """There is text in which a product could be named."""
    return any(line.name.strip() for line in reading.lines) or any(text.strip() for text in reading.texts)


def said(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, Money):
        return f"{value} {value.currency}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def local(at: datetime, campaign: Campaign) -> str:
    return f"{at.astimezone(campaign.zone):%Y-%m-%d %H:%M}"
