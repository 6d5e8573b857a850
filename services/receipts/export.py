"""Receipts as a table for other programs (CSV, RFC 4180): ids and sums, nothing about people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from services.platform.db import Database
from services.receipts.views import Receipt, receipts_between

FIELDS = (
    "id",
    "party",
    "source",
    "client_id",
    "state",
    "reason",
    "submitted_at",
    "changed_at",
    "tier",
    "merchant",
    "date",
    "time",
    "total",
    "currency",
    "campaign",
    "bonus",
    "bonus_currency",
)
PAGE = 500
# Spreadsheets take a cell that begins so for a formula, also in the wide forms of these signs; with an apostrophe
# before it, it stays text (source: OWASP, CSV Injection).
FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")


def export_table(
    db: Database, since: datetime, until: datetime, *, state: str | None = None, page: int = PAGE
) -> Iterator[str]:
    """CSV of what was submitted from `since` on and before `until`, in pieces of some hundred rows, the header first.
    Between two pieces no connection is held: whoever reads may be slow."""
    yield _written([FIELDS])
    after = 0
    while True:
        with db.begin() as tx:
            found = list(receipts_between(tx, since, until, state=state, after=after, limit=page))
        if found:
            yield _written([_row(one) for one in found])
        if len(found) < page:
            return
        after = found[-1].id


def _row(one: Receipt) -> tuple[str, ...]:
    read = one.reading
    return tuple(
        _cell(value)
        for value in (
            one.id,
            one.party,
            one.source,
            one.client_id,
            one.state,
            one.reason,
            _moment(one.submitted_at),
            _moment(one.changed_at),
            read and read.tier,
            read and read.merchant,
            read and read.date,
            read and read.time and f"{read.time:%H:%M}",
            read and read.total,
            read and read.currency,
            one.campaign,
            one.bonus,
            one.bonus and one.bonus.currency,
        )
    )


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _written(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
