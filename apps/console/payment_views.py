"""What the console shows of payments. Changes nothing."""

from __future__ import annotations

import argparse
from datetime import datetime

from apps.console.notify_at import notify_at
from apps.console.terminal import amount, moment
from services import billing, reporting
from services.billing import Capability
from services.kit import Kit
from services.platform.errors import KioskError

ABILITIES = {
    Capability.PAGE: "pay page",
    Capability.MESSAGE: "invoice in the chat",
    Capability.HOLD: "holds money first",
    Capability.SAVED_METHOD: "remembers cards",
    Capability.RENEWS: "renews by itself",
    Capability.REFUND: "refunds",
    Capability.PARTIAL_REFUND: "partial refunds",
    Capability.FISCAL: "fiscal receipts",
    Capability.WEBHOOK: "notifies",
    Capability.FETCH: "tells of one payment",
    Capability.LIST: "lists its operations",
}


def show(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        story = billing.story(tx, asked.id)
    _print_payment(story)
    print(f"attempts of invoice {story.invoice.id}")
    for one in story.attempts:
        why = f"  {one.reason}" if one.reason else ""
        print(f"  payment {one.id}  {one.state}  {one.provider}  {amount(one.amount)}  {moment(one.created_at)}{why}")
    print("journal")
    for change in story.changes:
        states = f"{change.before} -> {change.after}" if change.before else change.after
        print(f"  {moment(change.at)}  {change.what}  {states}  ({change.cause})")
    if story.refunds:
        print("refunds")
    for refund in story.refunds:
        print(f"  {said(refund)}")
    print("booked" if story.booked else "nothing is booked")
    for fact in story.booked:
        entries = ", ".join(f"{entry.account} {_signed(str(entry.amount))}" for entry in fact.entries)
        print(f"  {fact.kind} {fact.reference}: {entries} {fact.entries[0].amount.currency}")
    return 0


def undecided(kit: Kit, _asked: argparse.Namespace) -> int:
    """Exit code 1 when something waits."""
    with kit.db.begin() as tx:
        payments, refunds = billing.undecided(tx), billing.unknown_refunds(tx)
    for payment in payments:
        print(
            f"payment {payment.id}  {payment.decision}  {amount(payment.received)} came for {amount(payment.amount)}"
            f"  {payment.provider}  {payment.party}  begun {moment(payment.created_at)}"
        )
    if payments:
        print("  -> payments decide ID apply|refund|keep\n")
    for refund in refunds:
        print(f"{said(refund)}  of payment {refund.payment_id}")
    if refunds:
        print("  -> look into the provider's cabinet, then: payments resolve REFUND_ID done|not-done\n")
    if not payments and not refunds:
        print("Nothing waits for a decision.")
        return 0
    return 1


def providers(kit: Kit, _asked: argparse.Namespace) -> int:
    """Exit code 1 when one does not answer as it should."""
    with kit.db.begin() as tx:
        off = {one.provider: one for one in billing.switched_off(tx)}
    failed = 0
    for code, provider in kit.providers.items():
        switched = off.get(code)
        state = f"off since {moment(switched.since)}: {switched.reason}" if switched else "offered"
        print(f"{code} ({provider.currency}): {state}")
        able = [words for ability, words in ABILITIES.items() if ability in provider.capabilities]
        print(f"  can: {', '.join(able) or 'take payments only'}")
        try:
            print(f"  {provider.check()}")
        except KioskError as error:
            failed += 1
            print(f"  does not work: {error}")
        if advice := notify_at(code, kit.settings.public_url):
            print(f"  {advice}")
    return 1 if failed else 0


def metrics(kit: Kit, _asked: argparse.Namespace) -> int:
    """Source: Prometheus, "Text-based format", version 0.0.4."""
    now = kit.clock.now()
    with kit.db.begin() as tx:
        gauges = reporting.money_gauges(tx, now)
    last = ""
    for name, value in gauges.items():
        if (family := name.partition("{")[0]) != last:
            print(f"# TYPE {family} gauge")
        last = family
        print(f"{name} {value}")
    return 0


def said(refund: billing.Refund) -> str:
    why = f" ({refund.reason})" if refund.reason else ""
    to = "the balance" if refund.destination == "balance" else refund.provider
    return f"refund {refund.id}  {refund.state}{why}  {amount(refund.amount)} to {to}  {moment(refund.created_at)}"


def _print_payment(story: billing.Story) -> None:
    payment, invoice = story.payment, story.invoice
    print(f"payment {payment.id}: {payment.state}, {amount(payment.amount)} by {payment.provider}, {payment.party}")
    print(f"  at the provider: {story.external_id or 'no name there yet'}")
    if story.check_after:
        print(f"  asked about next: {moment(story.check_after)}")
    print(f"  invoice {invoice.id}: {_state(invoice)}, {invoice.quote.tariff} for {amount(invoice.amount)}")
    if payment.received is not None:
        fee = f"the provider keeps {amount(story.fee)}" if story.fee is not None else "the provider tells no fee"
        print(f"  came: {amount(payment.received)}; {fee}; {amount(story.left)} can go back")
    if payment.decision:
        print(f"  waits for a decision ({payment.decision}): payments decide {payment.id} apply|refund|keep")
    elif payment.decided:
        print(f"  decided: {payment.decided}")


def _state(invoice: billing.Invoice) -> str:
    def until(at: datetime) -> str:
        return f"{invoice.state} {moment(at)}"

    match invoice.state:
        case "paid" if invoice.paid_at:
            return until(invoice.paid_at)
        case "open":
            return f"open until {moment(invoice.valid_until)}"
        case _:
            return until(invoice.valid_until)


def _signed(written: str) -> str:
    return written if written.startswith("-") else f"+{written}"
