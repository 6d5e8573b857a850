"""Giving money back from the console: what it would do, the question, the order; and what became of it."""

from __future__ import annotations

import argparse

from apps.console.terminal import actor, agreed, amount, moment
from services import billing, reporting
from services.kit import Kit
from services.platform import audit
from services.platform.errors import Conflict, Invalid
from services.platform.money import BadAmount, Money


def refund(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        payment = billing.any_payment(tx, asked.id)
        provider = _provider(kit, payment, asked.to)
        preview = reporting.preview_refund(
            tx,
            provider,
            payment.id,
            amount=_amount(asked.amount, payment),
            access=asked.access,
            destination=asked.to,
            now=kit.clock.now(),
        )
    print_preview(preview)
    if asked.dry_run:
        print("Nothing was done: a dry run.")
        return 0
    if not agreed(yes=asked.yes):
        return 1
    plan = preview.plan
    with kit.db.begin() as tx:  # what was shown, even if something else has changed meanwhile
        refund_id = billing.request_refund(
            tx,
            provider,
            payment.id,
            amount=plan.amount,
            access=plan.access,
            destination=plan.destination,
            reason=asked.reason,
            actor=actor(),
            now=kit.clock.now(),
        )
    if plan.destination == "balance":
        print(f"Refund {refund_id} is done: {amount(plan.amount)} are on the balance of {plan.party}.")
    else:
        print(f"Refund {refund_id} is ordered and goes on by itself: payments show {payment.id}")
    return 0


def resolve(kit: Kit, asked: argparse.Namespace) -> int:
    done, now = asked.outcome == "done", kit.clock.now()
    with kit.db.begin() as tx:
        before = billing.refund(tx, asked.id)
        billing.resolve_refund(tx, before.id, done=done, actor=actor(), now=now)
        tx.flush()
        after = billing.refund(tx, before.id)
        if after.state == before.state:
            raise Conflict(f"refund {before.id} is {before.state}: there is nothing to resolve")
        subject, detail = f"refund:{before.id}", {"before": before.state, "after": after.state}
        audit.record(tx, actor=actor(), action="refund.resolve", subject=subject, now=now, **detail)
    print(f"refund {after.id}: {before.state} -> {after.state}")
    if not done:
        print(f"The money stayed here. To try again: payments refund {after.payment_id} --reason ...")
    return 0


def print_preview(preview: reporting.RefundPreview) -> None:
    """What a refund would do, line by line."""
    plan = preview.plan
    print(f"Refund of payment {plan.payment_id} ({plan.provider}, invoice {plan.invoice_id}, {plan.party}):")
    rest = "nothing is left afterwards" if plan.full else f"{amount(plan.left - plan.amount)} are left afterwards"
    print(f"  money         {amount(plan.amount)} of {amount(plan.received)}; {rest}")
    way = f"the balance of {plan.party}, here" if plan.destination == "balance" else f"the buyer, by {plan.provider}"
    print(f"  goes to       {way}")
    print(f"  subscription  {_subscription(preview)}")
    back = [f"{account} gives back {amount(money)}" for account, money in preview.rewards]
    print(f"  rewards       {'; '.join(back) or 'none to reverse'}")
    print(f"  receipt       {f'of the refund, made by {plan.provider}' if plan.fiscal else 'no fiscal receipt'}")
    print("  buyer         is told when the money is back")


def _subscription(preview: reporting.RefundPreview) -> str:
    plan = preview.plan
    if not plan.applied:
        return "untouched: this money has bought nothing"
    if plan.access == "keep":
        return "stays as it is"
    if preview.ends_at is None or preview.would_end_at is None:
        return "nothing of its time is left to take"
    return f"ends {moment(preview.ends_at)}, afterwards {moment(preview.would_end_at)}"


def _provider(kit: Kit, payment: billing.Payment, destination: str) -> billing.PaymentProvider:
    """The one it came by; to the balance money goes without it. Raises Invalid."""
    provider = kit.providers.get(payment.provider)
    if provider is None and destination == "balance":
        provider = next(iter(kit.providers.values()), None)
    if provider is None:
        raise Invalid(f"{payment.provider} is not in PAYMENT_PROVIDERS ({', '.join(kit.providers)})")
    return provider


def _amount(written: str | None, payment: billing.Payment) -> Money | None:
    """Raises BadAmount."""
    if written is None:
        return None
    currency = (payment.received or payment.amount).currency
    try:
        return Money.parse(written, currency)
    except BadAmount as error:
        raise BadAmount(f"--amount {written!r}: {error}; write it like {payment.amount}, in {currency}") from None
