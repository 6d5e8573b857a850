"""Counting: what a person has had, what a campaign has spent. Never above a limit, whoever comes at once.

In one transaction: `weigh` locks, counts and judges by it (or `usages` and then `decide`), `take` writes it down.
Locks are taken in one order everywhere: by campaign, of each the people first and then the campaign itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.platform.errors import Conflict
from services.receipts.rules.campaign import SPANS, Campaign
from services.receipts.rules.decide import decide, evaluate
from services.receipts.rules.decision import Award, Decision, Facts, Tally, Used
from services.receipts.rules.models import (
    ReceiptCampaignPayeeRow,
    ReceiptCampaignRow,
    ReceiptTakeRow,
    ReceiptTakeShareRow,
)
from services.receipts.rules.spans import bounds
from services.receipts.rules.stored import campaign as find


class CampaignMoved(Conflict):
    """The campaign was changed or stopped, or its limits or budget have been used up, since the decision was made.
    Nothing was taken: decide again."""

    code: ClassVar[str] = "receipt_campaign_moved"


def usage(tx: Session, campaign: Campaign, payees: Sequence[str], now: datetime) -> Used:
    """What is used up of a campaign, by the one whose keys are `payees` (limits hold for each of them), in the day,
    week and month of `now`: the moment when the receipt was sent, also where it is judged later. Locks the people's
    rows and then the campaign's until the transaction ends; who needs several campaigns calls `weigh` or `usages`.
    Raises CampaignMoved where the campaign is no longer as it was read."""
    keys = sorted(set(payees))
    _lock_payees(tx, campaign.slug, keys)
    row = _lock_campaign(tx, campaign.slug)
    if row.version != campaign.version or row.state != campaign.state:
        raise CampaignMoved(campaign.slug)
    return Used(row.spent_minor, {span: _tally(tx, campaign, keys, span, now) for span in SPANS})


def usages(tx: Session, campaigns: Iterable[Campaign], payees: Sequence[str], now: datetime) -> dict[str, Used]:
    """By slug, for `decide`."""
    return {one.slug: usage(tx, one, payees, now) for one in sorted(campaigns, key=lambda one: one.slug)}


def weigh(
    tx: Session,
    campaigns: Sequence[Campaign],
    facts: Facts,
    payees: Sequence[str],
    now: datetime,
    *,
    reviewed: bool = False,
) -> Decision:
    """`decide` with what is used up, under the locks that `take` needs. Only campaigns which would have something for
    the receipt are locked: what is used up never turns a rejection into anything else."""
    promising = [one for one in campaigns if evaluate(one, facts, reviewed=reviewed).outcome != "rejected"]
    return decide(campaigns, facts, usages(tx, promising, payees, now), reviewed=reviewed)


def take(tx: Session, decision: Decision, receipt_id: int, payees: Sequence[str], now: datetime) -> bool:
    """Counts what an accepted decision awards and takes it from the budgets; `payees` and `now` as in `usage`. False
    where this receipt has taken before, and nothing changes, also where that was given back. Raises CampaignMoved where
    a limit or a budget would be passed."""
    assert decision.outcome == "accepted"
    assert decision.awards
    awards = sorted(decision.awards, key=lambda award: award.campaign)
    used = {award.campaign: usage(tx, find(tx, award.campaign), payees, now) for award in awards}
    if tx.get(ReceiptTakeRow, receipt_id) is not None:
        return False
    for award in awards:
        _require(find(tx, award.campaign), award, used[award.campaign])
    parts = [{"campaign": award.campaign, "version": award.version, "minor": award.bonus.minor} for award in awards]
    new = insert(ReceiptTakeRow).values(
        receipt_id=receipt_id, currency=awards[0].bonus.currency, parts=parts, taken_at=now
    )
    if tx.execute(new.on_conflict_do_nothing().returning(ReceiptTakeRow.receipt_id)).first() is None:
        return False
    _spend(tx, parts, receipt_id, payees, now)
    return True


def give_back(tx: Session, receipt_id: int, now: datetime) -> bool:
    """The payout failed for good or was reversed: budgets and the person's limits are as if it had not been. False
    where there is nothing to give back, or it was done before."""
    parts = tx.scalar(select(ReceiptTakeRow.parts).where(ReceiptTakeRow.receipt_id == receipt_id))
    if parts is None:
        return False
    rows = {slug: _lock_campaign(tx, slug) for slug in sorted(part["campaign"] for part in parts)}
    given = tx.execute(
        update(ReceiptTakeRow)
        .where(ReceiptTakeRow.receipt_id == receipt_id, ReceiptTakeRow.given_back_at.is_(None))
        .values(given_back_at=now)
        .returning(ReceiptTakeRow.parts)
    ).scalar()
    if given is None:
        return False
    for part in given:
        rows[part["campaign"]].spent_minor -= part["minor"]
    tx.execute(delete(ReceiptTakeShareRow).where(ReceiptTakeShareRow.receipt_id == receipt_id))
    tx.flush()
    return True


def take_again(tx: Session, receipt_id: int, payees: Sequence[str], now: datetime) -> None:
    """What was given back is taken once more as it was: an operator has it paid after all. The people's limits do not
    stand against that, and count it. Nothing where nothing was given back. Raises CampaignMoved where a budget has not
    as much left."""
    row = tx.get(ReceiptTakeRow, receipt_id)
    if row is None:
        return
    keys, rows = sorted(set(payees)), {}
    for slug in sorted(part["campaign"] for part in row.parts):
        _lock_payees(tx, slug, keys)
        rows[slug] = _lock_campaign(tx, slug)
    tx.refresh(row, with_for_update=True)
    if row.given_back_at is None:
        return
    for part in row.parts:
        if rows[part["campaign"]].spent_minor + part["minor"] > rows[part["campaign"]].budget_minor:
            raise CampaignMoved(part["campaign"])
    row.given_back_at, row.taken_at = None, now
    _spend(tx, row.parts, receipt_id, keys, now)


def _spend(
    tx: Session, parts: Sequence[Mapping[str, Any]], receipt_id: int, payees: Sequence[str], now: datetime
) -> None:
    """The campaigns of `parts` are locked, and there is enough in them."""
    for part in parts:
        tx.get_one(ReceiptCampaignRow, part["campaign"]).spent_minor += part["minor"]
    tx.flush()
    shares = [
        {"campaign": part["campaign"], "payee": payee, "receipt_id": receipt_id, "minor": part["minor"], "at": now}
        for part in parts
        for payee in sorted(set(payees))
    ]
    if shares:
        tx.execute(insert(ReceiptTakeShareRow), shares)


def _lock_payees(tx: Session, campaign: str, keys: Sequence[str]) -> None:
    if not keys:
        return
    row = ReceiptCampaignPayeeRow
    new = insert(row).values([{"campaign": campaign, "payee": key} for key in keys])
    tx.execute(new.on_conflict_do_nothing())
    own = select(row.payee).where(row.campaign == campaign, row.payee.in_(keys))
    tx.execute(own.order_by(row.payee).with_for_update(key_share=True)).all()


def _lock_campaign(tx: Session, slug: str) -> ReceiptCampaignRow:
    # A new person's row holds its campaign's key: a lock of the key, too, would have two of them wait for each other.
    locked = select(ReceiptCampaignRow).where(ReceiptCampaignRow.slug == slug).with_for_update(key_share=True)
    return tx.scalars(locked.execution_options(populate_existing=True)).one()


def _tally(tx: Session, campaign: Campaign, keys: Sequence[str], span: str, now: datetime) -> Tally:
    """The most that any of the keys has had in the span around `now`."""
    row = ReceiptTakeShareRow
    own: list[ColumnElement[bool]] = [row.campaign == campaign.slug, row.payee.in_(keys)]
    if around := bounds(span, now, campaign.zone):
        own += [row.at >= around[0], row.at < around[1]]
    counted = select(func.count(), func.sum(row.minor)).where(*own).group_by(row.payee)
    had = tx.execute(counted).all()
    return Tally(max((count for count, _ in had), default=0), int(max((minor for _, minor in had), default=0)))


def _require(campaign: Campaign, award: Award, used: Used) -> None:
    """A decision that was made without these locks may promise too much."""
    limits, minor = campaign.limits, award.bonus.minor
    if (
        campaign.version != award.version
        or campaign.state != "running"
        or used.spent + minor > campaign.budget
        or any(used.of(span).count >= most for span, most in limits.counts.items())
        or any(used.of(span).minor + minor > most for span, most in limits.sums.items())
        or (limits.per_receipt is not None and minor > limits.per_receipt)
    ):
        raise CampaignMoved(award.campaign)
