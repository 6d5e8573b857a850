"""What happens because of the clock: everything periodic, on one page.

Each runs in one transaction with its slot, so two clocks run it once; nothing here touches the network. What must,
emits an event for each piece of work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services import billing, gifts, promotions, provisioning, receipts, subscriptions, wallet
from services.platform import idempotency, inbox, outbox
from services.platform.db import Database
from services.platform.slots import claim


@dataclass(frozen=True, slots=True)
class Scheduled:
    name: str
    every: timedelta
    run: Callable[[Session, datetime], int]


HOUR = timedelta(hours=1)

SCHEDULE = (
    Scheduled("billing.schedule_checks", timedelta(minutes=1), billing.schedule_checks),
    Scheduled("billing.schedule_charges", timedelta(minutes=1), billing.schedule_charges),
    Scheduled("billing.schedule_refund_checks", timedelta(minutes=5), billing.schedule_refund_checks),
    Scheduled("billing.schedule_statements", timedelta(hours=1), billing.schedule_statements),
    Scheduled("billing.expire_invoices", timedelta(minutes=10), billing.expire_invoices),
    # Before anything ends: what is paid in tokens goes on.
    Scheduled("wallet.charge_fees", timedelta(minutes=1), wallet.charge_fees),
    Scheduled("wallet.announce_bonus_sweep", HOUR, wallet.announce_bonus_sweep),
    Scheduled("subscriptions.schedule_ends", timedelta(minutes=5), subscriptions.schedule_ends),
    Scheduled("subscriptions.expire", timedelta(minutes=1), subscriptions.expire),
    Scheduled("gifts.expire", HOUR, gifts.expire),
    Scheduled("provisioning.schedule_checks", timedelta(minutes=10), provisioning.schedule_checks),
    Scheduled("provisioning.purge_roster", HOUR, provisioning.channels.purge_roster),
    Scheduled("provisioning.remind_of_tasks", timedelta(minutes=10), provisioning.tasks.remind_of_tasks),
    Scheduled("provisioning.purge_downloads", HOUR, provisioning.documents.purge_downloads),
    Scheduled("provisioning.announce_lost", timedelta(minutes=10), provisioning.announce_lost),
    Scheduled("provisioning.watch_failing", timedelta(minutes=10), provisioning.watch_failing),
    Scheduled("provisioning.schedule_removals", HOUR, provisioning.schedule_removals),
    Scheduled("receipts.remind", HOUR, receipts.remind),
    Scheduled("receipts.abandon", timedelta(minutes=10), receipts.abandon),
    Scheduled("receipts.schedule_picture_sweep", HOUR, receipts.schedule_picture_sweep),
    Scheduled("outbox.purge", HOUR, lambda tx, now: outbox.purge(tx, now - timedelta(days=14))),
    Scheduled("inbox.purge", HOUR, lambda tx, now: inbox.purge(tx, now - timedelta(days=3))),
    Scheduled("idempotency.purge", HOUR, lambda tx, now: idempotency.purge(tx, now - idempotency.KEPT)),
    Scheduled("promotions.purge", HOUR, promotions.purge),
    Scheduled("billing.purge", HOUR, lambda tx, now: billing.purge_notifications(tx, now - timedelta(days=30))),
)


def run(db: Database, scheduled: Scheduled, now: datetime) -> int | None:
    """Runs it if its slot is due and nobody else has it. Returns how much there was to do, None when not its turn."""
    with db.begin() as tx:
        return scheduled.run(tx, now) if claim(tx, scheduled.name, scheduled.every, now) else None
