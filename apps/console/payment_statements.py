"""Statements: a provider's list of a day, held against ours."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from apps.console.payment_actions import configured
from apps.console.terminal import actor, amount, moment
from services import billing, ledger
from services.billing import Capability
from services.kit import Kit
from services.platform import audit
from services.platform.errors import Invalid, TryLater
from services.platform.money import Money

DAY = timedelta(days=1)
SHOWN = 31


def make(kit: Kit, asked: argparse.Namespace) -> int:
    """Exit code 1 with differences, or when a provider gave no list."""
    today = kit.clock.now().astimezone(UTC).date()
    day: date = asked.day or today - DAY
    if day >= today:  # stored now, it would be taken for the whole day's
        raise Invalid(f"{day} is not over yet (by UTC)")
    codes = [configured(kit, asked.provider).code] if asked.provider else list(kit.providers)
    wrong = 0
    for code in codes:
        if Capability.LIST not in kit.providers[code].capabilities:
            print(f"{code} lists nothing: its payments are known by its notifications only")
            continue
        try:
            wrong += _made(kit, code, day)
        except TryLater as error:
            print(f"{code}: no list now: {error}")
            wrong += 1
    return 1 if wrong else 0


def show(kit: Kit, _asked: argparse.Namespace) -> int:
    """Exit code 1 when one of them has differences."""
    with kit.db.begin() as tx:
        stored = billing.statements(tx, limit=SHOWN)
    for one in stored:
        found = f"{len(one.differences)} DIFFERENCES" if one.differences else "all agrees"
        print(f"{one.day}  {one.provider:10}  {one.operations:5} operations  {found}  made {moment(one.made_at)}")
    if not stored:
        print("No statement was made yet: the clock process makes yesterday's after 03:00 UTC.")
    return 1 if any(one.differences for one in stored) else 0


def _made(kit: Kit, code: str, day: date) -> int:
    """Makes it, prints it and returns the number of differences."""
    now = kit.clock.now()
    statement = billing.make_statement(kit.db, kit.providers, code, day, now)
    assert statement is not None, "it lists"
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with kit.db.begin() as tx:
        subject = f"statement:{code}:{day}"
        found = len(statement.differences)
        audit.record(tx, actor=actor(), action="statement.make", subject=subject, now=now, differences=found)
        fees = ledger.turnover(tx, f"fees:{code}", since, since + DAY)
    print(f"{code}, {day} (UTC): {statement.operations} operations listed")
    theirs, ours = statement.totals["theirs"], statement.totals["ours"]
    for kind in sorted(theirs.keys() | ours.keys()):
        print(f"  {kind}: theirs {_said(kind, theirs)}, ours {_said(kind, ours)}")
    booked = statement.totals["clearing"]
    print(f"  booked to clearing:{code}: {', '.join(f'{kind} {_said(kind, booked)}' for kind in booked) or 'nothing'}")
    kept = {f"{kind} {currency}": minor for (kind, currency), minor in fees.items()}
    print(f"  booked to fees:{code}: {', '.join(f'{kind} {_said(kind, kept)}' for kind in kept) or 'nothing'}")
    print(f"  {found} differences" if found else "  all agrees")
    for one in statement.differences:
        print(f"    {one.kind} {one.what} {one.external_id}: ours {one.ours}; theirs {one.theirs}")
    return found


def _said(kind: str, totals: Mapping[str, int]) -> str:
    """`kind` ends with the currency: "payments RUB"."""
    return amount(Money(totals.get(kind, 0), kind.rpartition(" ")[2]))
