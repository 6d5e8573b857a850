"""What the console shows of receipts. Changes nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from apps.console.terminal import amount, moment
from services import receipts
from services.kit import Kit
from services.platform.money import Money
from services.receipts import Reading, Receipt

USUAL = timedelta(days=30)


def show_list(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        found = receipts.latest(tx, state=asked.state, party=asked.of, limit=asked.limit)
    for one in found:
        print(line_of(one))
    if not found:
        print("no receipts")
    return 0


def review(kit: Kit, asked: argparse.Namespace) -> int:
    """Exit code 1 when something waits."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        found = receipts.in_review(tx, limit=asked.limit)
        every = receipts.waiting(tx).get("review")
    for one in found:
        doubts = one.reading.reasons if one.reading else ()
        why = ", ".join(dict.fromkeys((*doubts, *(one.decision or {}).get("reasons", ()))))
        print(f"{line_of(one)}  waits {waited(now - one.changed_at)}: {why or 'nothing confirms it'}")
    if not found or every is None:
        print("Nothing waits for a person.")
        return 0
    if every.count > len(found):
        print(f"  and {every.count - len(found)} more")
    print("  -> receipts show ID, receipts picture ID --to FILE, then: receipts approve|correct|reject ID")
    return 1


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        one = receipts.any_receipt(tx, asked.id)
        alike = receipts.doubles_of(tx, asked.id)
        payout = receipts.payouts.payout_of(tx, asked.id)
    print(line_of(one))
    for name, value in _about(one):
        print(f"  {name:10} {plain(value)}")
    if one.reading:
        for said in _lines(one.reading):
            print(f"    {plain(said)}")
    for said in _decision(one.decision or {}):
        print(f"  {plain(said)}")
    if payout:
        print(f"  {_payout(payout)}")
    print("  alike" if alike else "  nothing is alike")
    for other in alike:
        print(f"    {line_of(other)}")
    return 0


def statistics(kit: Kit, asked: argparse.Namespace) -> int:
    since, until = _period(asked, kit.clock.now())
    with kit.db.begin() as tx:
        found = receipts.statistics(tx, since, until, party=asked.of)
    print(f"{found.count} receipts from {moment(since)} to {moment(until)}")
    for state in receipts.STATES:
        if count := found.by_state.get(state):
            print(f"  {state:12} {count:8}")
    for reason, count in sorted(found.reasons.items(), key=lambda pair: (-pair[1], pair[0])):
        print(f"    {reason:28} {count:8}")
    for what, sums in (("paid", found.paid), ("owed", found.owed)):
        print(f"{what}: {', '.join(map(amount, sums)) or 'nothing'}")
    return 0


def export(kit: Kit, asked: argparse.Namespace) -> int:
    since, until = _period(asked, kit.clock.now())
    for piece in receipts.export_table(kit.db, since, until, state=asked.state):
        sys.stdout.write(piece)
    return 0


def line_of(one: Receipt) -> str:
    why = f" ({one.reason})" if one.reason else ""
    return f"{one.id:>8}  {one.state + why:24}  {one.party}  {moment(one.submitted_at)}  {facts_of(one)}"


def facts_of(one: Receipt) -> str:
    """Where, when and how much, as far as it is known."""
    read = one.reading
    if read is None:
        return "not read"
    when = " ".join(filter(None, [str(read.date or ""), f"{read.time:%H:%M}" if read.time else ""]))
    total = f"{read.total} {read.currency or ''}".rstrip() if read.total is not None else "no total"
    bonus = f" -> {amount(one.bonus)}" if one.bonus else ""
    return plain(f"{read.merchant or 'no merchant'}, {when or 'no date'}, {total}{bonus}")


def promised(one: Receipt) -> str:
    """What the rules said when they looked last."""
    if one.bonus is None:
        return "What it earns, the rules will say."
    return f"As it was judged last, it earns {amount(one.bonus)} by campaign {one.campaign}."


def plain(text: object) -> str:
    """What strangers wrote, without signs that a terminal would obey."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(text))


def waited(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h" if hours else f"{int(span.total_seconds() // 60)} min"


def _about(one: Receipt) -> Iterator[tuple[str, object]]:
    by = f" by client {one.client_id}" if one.client_id else ""
    yield "came", f"{one.source}{by}; {one.state} since {moment(one.changed_at)}"
    yield "picture", f"{one.media_type} at {one.picture_key}" if one.picture_key else "none, or deleted"
    if one.reviewed_by:
        yield "reviewed", one.reviewed_by
    read = one.reading
    if read is None:
        return
    yield (
        "read",
        f"tier {read.tier} by {read.source}" + (f"; doubts: {', '.join(read.reasons)}" if read.reasons else ""),
    )
    if read.code:
        yield "code", f"{read.code.key} ({read.code.kind})"
    for name, value in (
        ("tax id", read.tax_id),
        ("register", read.fiscal_number),
        ("document", read.document_number),
        ("country", read.country),
    ):
        if value:
            yield name, value


def _lines(read: Reading) -> Iterator[str]:
    for line in read.lines:
        yield f"{line.name}: {line.quantity} x {line.price} = {line.sum} ({line.confidence}%)"


def _decision(decision: dict[str, Any]) -> Iterator[str]:
    """As rules.Decision writes itself."""
    if not decision:
        yield "the rules have not looked"
        return
    bonus = decision.get("bonus")
    sum_ = f", {amount(Money(bonus['minor'], bonus['currency']))}" if bonus else ""
    by = f" by {decision['campaign']} version {decision['version']}" if decision.get("campaign") else ""
    yield f"decided    {decision['outcome']}{by}{sum_}"
    if decision.get("reasons"):
        yield f"reasons    {', '.join(decision['reasons'])}"
    for match in decision.get("matched", ()):
        yield f"  found {match['sku']} {match['name']} as {match['alias']} ({match['score']}%)"
    for step in decision.get("trace", ()):
        why = f" ({step['reason']})" if step.get("reason") else ""
        yield f"  {step['campaign']} {step['rule']}: {step['result']}{why}; saw {step['saw']}, wants {step['wants']}"


def _payout(one: receipts.payouts.Payout) -> str:
    why = f" ({plain(one.code)})" if one.code else ""
    said = f"; said since: {plain(one.contradiction)}" if one.contradiction else ""
    return f"payout {one.id}   {one.state}{why}, {amount(one.amount)} by {one.provider}, {moment(one.changed_at)}{said}"


def _period(asked: argparse.Namespace, now: datetime) -> tuple[datetime, datetime]:
    until = asked.until or now
    return asked.since or until - USUAL, until
