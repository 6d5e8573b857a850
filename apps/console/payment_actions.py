"""What an operator does with payments and providers. Every action leaves a line in the audit log."""

from __future__ import annotations

import argparse

from apps.console.refunds import print_preview
from apps.console.terminal import actor, agreed, amount
from services import billing, reporting
from services.kit import Kit
from services.platform import audit
from services.platform.errors import Invalid


def decide(kit: Kit, asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        story = billing.story(tx, asked.id)
        payment = story.payment
        if payment.decision is None:
            why = f"it was decided: {payment.decided}" if payment.decided else f"it is {payment.state} and fits"
            raise billing.NothingToDecide(f"payment {payment.id}: {why}")
        print(f"Payment {payment.id} came {payment.decision}: {amount(payment.received)} for {amount(payment.amount)}.")
        if asked.choice == "refund":
            preview = reporting.preview_refund(tx, configured(kit, payment.provider), payment.id, now=kit.clock.now())
            print_preview(preview)
        else:
            print(_would_do(story, asked.choice))
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        billing.decide(tx, kit.providers, payment.id, asked.choice, actor=actor(), now=kit.clock.now())
    print(f"Decided: {asked.choice}.")
    return 0


def check(kit: Kit, asked: argparse.Namespace) -> int:
    """Exit code 1 when the provider could not tell."""
    with kit.db.begin() as tx:
        before = billing.any_payment(tx, asked.id)
        audit.record(tx, actor=actor(), action="payment.check", subject=f"payment:{before.id}", now=kit.clock.now())
    after = billing.reconcile(kit.db, kit.providers, before.id, kit.clock.now(), cause=actor())
    if after.state == before.state:
        print(f"payment {after.id} is {after.state}, as before")
    else:
        print(f"payment {after.id}: {before.state} -> {after.state}")
    if after.decision:
        print(f"it waits for a decision ({after.decision}): payments decide {after.id} apply|refund|keep")
    return 0


def switch(kit: Kit, asked: argparse.Namespace) -> int:
    configured(kit, asked.code)
    with kit.db.begin() as tx:
        billing.switch(tx, asked.code, on=asked.on, actor=actor(), reason=asked.reason, now=kit.clock.now())
        left = billing.offered(tx, kit.providers)
    print(f"{asked.code} is {'offered again' if asked.on else 'off: no new payments; what is open goes on'}")
    print(f"buyers are offered: {', '.join(left) or 'nothing at all'}")
    return 0


def configured(kit: Kit, code: str) -> billing.PaymentProvider:
    """Raises Invalid."""
    if code not in kit.providers:
        raise Invalid(f"{code} is not in PAYMENT_PROVIDERS ({', '.join(kit.providers)})")
    return kit.providers[code]


def _would_do(story: billing.Story, choice: str) -> str:
    came, price, party = story.left, story.invoice.amount, story.payment.party
    if choice == "keep":
        return f"keep: {amount(came)} go to the balance of {party}, who is told."
    what = "one more" if story.invoice.state == "paid" else "a"
    line = f"apply: {party} gets {what} period of {story.invoice.quote.tariff}, and is told"
    if came is None or came.currency != price.currency or came == price:
        return f"{line}."
    if price < came:
        return f"{line}; {amount(came - price)} too much go to the balance."
    return f"{line}; {amount(price - came)} are missing and are let off."
