from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from services import billing

DAY = timedelta(days=1)
RECENT = 100  # statements: weeks of them, whatever providers there are


def money_gauges(tx: Session, now: datetime) -> dict[str, int]:
    """What is to be watched of money, by the name (with labels) that Prometheus knows it by. Ages are seconds since
    the end of the last day (UTC) that a provider's statement covers; payments are those begun in the last 24 hours."""
    seen = billing.overview(tx, now - DAY)
    gauges = {
        "kiosk_payments_undecided": seen.undecided,
        "kiosk_refunds_open": sum(seen.refunds.values()),
        "kiosk_refunds_unknown": seen.refunds.get("unknown", 0),
    }
    for (provider, state), count in sorted(seen.payments.items()):
        gauges[f'kiosk_payments_last_day{{provider="{provider}",state="{state}"}}'] = count
    last = last_statements(tx)
    for provider, statement in last.items():
        gauges[f'kiosk_statement_differences{{provider="{provider}"}}'] = len(statement.differences)
    for provider, statement in last.items():
        gauges[f'kiosk_statement_age_seconds{{provider="{provider}"}}'] = int(age(statement, now).total_seconds())
    return gauges


def last_statements(tx: Session) -> dict[str, billing.Statement]:
    """Of the newest day of each provider, in the order of their names."""
    newest_last = {one.provider: one for one in reversed(billing.statements(tx, limit=RECENT))}
    return dict(sorted(newest_last.items()))


def age(statement: billing.Statement, now: datetime) -> timedelta:
    """Since the day that it covers ended."""
    day = statement.day
    return now - (datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY)
