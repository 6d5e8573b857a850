"""What the doctor looks at where money is. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from functools import wraps

from sqlalchemy.exc import SQLAlchemyError

from apps.console import books
from apps.console.findings import Trouble
from apps.console.notify_at import notify_at
from apps.console.terminal import moment
from services import billing, reporting
from services.kit import Kit
from services.platform.errors import KioskError

Check = Callable[[Kit], str]
CONSOLE = "python -m apps.console"
FORGOTTEN = timedelta(days=2)  # since the last day a statement covers; yesterday's comes some hours late


def checks(kit: Kit) -> list[tuple[str, Check]]:
    return [
        *((f"Payments by {code}", _provider(code)) for code in kit.providers),
        ("Payments offered", _offered),
        ("Decisions", _decisions),
        ("Refunds", _refunds),
        ("Statements", _statements),
        ("Books", _books),
    ]


def _needs_database(check: Check) -> Check:
    @wraps(check)
    def guarded(kit: Kit) -> str:
        try:
            return check(kit)
        except SQLAlchemyError:
            raise Trouble("cannot be read", "mend the database first") from None

    return guarded


def _provider(code: str) -> Check:
    def check(kit: Kit) -> str:
        try:
            says = kit.providers[code].check()
        except KioskError as error:
            raise Trouble(
                str(error), f"look at {code.upper()}_* (see .env.example) and at the shop's cabinet"
            ) from None
        advice = notify_at(code, kit.settings.public_url)
        if advice is None:
            return says
        if kit.settings.public_url is None:
            if code == "robokassa":
                raise Trouble(f"{says}; it has nowhere to tell of payments", f"set PUBLIC_URL; {advice}")
            return f"{says}; without PUBLIC_URL it tells nothing, and payments are found by asking, within minutes"
        return f"{says}; {advice}"

    return check


@_needs_database
def _offered(kit: Kit) -> str:
    with kit.db.begin() as tx:
        left, off = billing.offered(tx, kit.providers), billing.switched_off(tx)
    switched = [f"{one.provider} is off since {moment(one.since)} ({one.reason})" for one in off]
    if not left:
        raise Trouble("; ".join(["nothing", *switched]), f"{CONSOLE} payments on CODE --reason ...")
    return "; ".join([", ".join(left), *switched])


@_needs_database
def _decisions(kit: Kit) -> str:
    with kit.db.begin() as tx:
        waiting = reporting.money_gauges(tx, kit.clock.now())["kiosk_payments_undecided"]
    if waiting:
        raise Trouble(f"payments that wait for one: {waiting}", f"{CONSOLE} payments undecided")
    return "no payment waits for one"


@_needs_database
def _refunds(kit: Kit) -> str:
    with kit.db.begin() as tx:
        gauges = reporting.money_gauges(tx, kit.clock.now())
    unknown = gauges["kiosk_refunds_unknown"]
    if unknown:
        raise Trouble(f"nobody knows what became of: {unknown}", f"{CONSOLE} payments undecided says which")
    return f"{gauges['kiosk_refunds_open']} on their way"


@_needs_database
def _statements(kit: Kit) -> str:
    """Yesterday's, or the last ones before it is made."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        last, begun = reporting.last_statements(tx), billing.overview(tx, now - timedelta(days=1)).payments
    used = {provider for provider, _ in begun}
    for code, one in last.items():
        if one.differences:
            raise Trouble(
                f"{code} {one.day}: {len(one.differences)} differences",
                f"{CONSOLE} payments statement --provider {code} --day {one.day} shows them",
            )
        if code in used and now.astimezone(UTC).date() - one.day > FORGOTTEN:
            raise Trouble(
                f"the last one of {code} is of {one.day}", f"is `clock` up? {CONSOLE} payments statement makes one"
            )
    return "; ".join(f"{code} {one.day} agrees" for code, one in last.items()) or "none was made yet"


@_needs_database
def _books(kit: Kit) -> str:
    proof = books.prove(kit.db)
    if proof.faults:
        raise Trouble(f"{len(proof.faults)} faults", f"{CONSOLE} books check")
    return f"proved: {books.said(proof.extent)}"
