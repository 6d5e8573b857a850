"""The operator's file into the tables: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform import audit
from services.platform.money import Money
from services.receipts.rules.form import BadCampaigns, Written, read_campaigns
from services.receipts.rules.models import ReceiptCampaignRow, ReceiptCampaignVersionRow, ReceiptTakeShareRow


@dataclass(slots=True)
class CampaignsImported:
    """Slugs. `untouched` are campaigns which the file does not name: they stay as they are."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)


def import_campaigns(tx: Session, toml: str, *, actor: str, now: datetime) -> CampaignsImported:
    """Changed rules get the next version; a receipt that was judged keeps its own. `state` is set where the file says
    one. Raises BadCampaigns with every fault."""
    written = read_campaigns(toml)
    report, faults = CampaignsImported(), list[str]()
    locked = select(ReceiptCampaignRow).order_by(ReceiptCampaignRow.slug).with_for_update(key_share=True)
    rows = {row.slug: row for row in tx.scalars(locked.execution_options(populate_existing=True))}
    for slug, _, rules in written:
        if slug in rows:
            faults += _against(tx, rows[slug], rules)
    if faults:
        raise BadCampaigns(faults)
    for one in sorted(written, key=lambda one: one[0]):
        _store(tx, rows.pop(one[0], None), one, report, actor, now)
    report.untouched = sorted(rows)
    return report


def _against(tx: Session, row: ReceiptCampaignRow, rules: dict[str, Any]) -> list[str]:
    """What was spent binds."""
    faults = []
    used = tx.scalar(select(ReceiptTakeShareRow.receipt_id).where(ReceiptTakeShareRow.campaign == row.slug).limit(1))
    if rules["currency"] != row.currency and (used is not None or row.spent_minor):
        faults.append(f"campaign {row.slug!r}: currency has paid {row.currency} and stays so")
    elif rules["budget"] < row.spent_minor:
        spent = Money(row.spent_minor, row.currency)
        faults.append(f"campaign {row.slug!r}: budget is below what is spent already, {spent} {row.currency}")
    return faults


def _store(
    tx: Session,
    row: ReceiptCampaignRow | None,
    written: Written,
    report: CampaignsImported,
    actor: str,
    now: datetime,
) -> None:
    slug, state, rules = written
    before = tx.get_one(ReceiptCampaignVersionRow, (slug, row.version)).rules if row else None
    if row is None:
        row = ReceiptCampaignRow(slug=slug, version=0, state="running", spent_minor=0)
        tx.add(row)
        report.added.append(slug)
    elif before == rules and state in (None, row.state):
        report.same.append(slug)
        return
    else:
        report.changed.append(slug)
    row.state, row.updated_at = state or row.state, now
    if before != rules:
        row.version += 1
        row.starts_at = datetime.fromisoformat(rules["starts_at"])
        row.ends_at = datetime.fromisoformat(rules["ends_at"])
        row.currency, row.budget_minor = rules["currency"], rules["budget"]
        tx.flush()
        tx.add(ReceiptCampaignVersionRow(slug=slug, version=row.version, rules=rules, actor=actor, imported_at=now))
    said = {"version": row.version, "state": row.state}
    audit.record(tx, actor=actor, action="receipt_campaign.import", subject=f"receipt_campaign:{slug}", now=now, **said)
    tx.flush()
