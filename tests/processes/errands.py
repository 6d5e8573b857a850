"""What a doomed process does: each errand is one call as an application makes it, and `follow` is the relay and the
workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any

from services import billing, catalog, identity, receipts
from services.identity import Party
from services.kit import Kit
from services.platform import outbox
from services.platform.clock import wall_clock
from services.react import react
from services.reactions import routes

MONEY = ("billing.", "subscriptions.", "receipts.")  # reactions that move money, and what was paid for


def follow(
    kit: Kit,
    reactions: tuple[str, ...],
    since: int = 0,
    around_relay: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Plans, leases and carries out until nothing is due; of it only reactions that begin so, to events after
    `since`. The others stay leased."""
    while True:
        with around_relay():
            with kit.db.begin() as tx:
                planned = outbox.plan(tx, routes, wall_clock())
            with kit.db.begin() as tx:
                due = outbox.lease(tx, wall_clock())
        for event_id, name, _ in sorted(due):
            if event_id > since and name.startswith(reactions):
                react(kit, event_id, name)
        if not planned and not due:
            return


def carry_out(kit: Kit, deliveries: Sequence[tuple[int, str]]) -> None:
    """Deliveries as a broker brings them: in any order, perhaps for the second time."""
    for event_id, name in deliveries:
        react(kit, event_id, name)


def checkout(kit: Kit, provider: str, party: Party, reference: str | None = None) -> None:
    billing.checkout(
        kit.db,
        kit.providers[provider],
        party=party,
        tariff="vpn-1m",
        description="VPN",
        return_url="https://t.me/kiosk_bot",
        now=kit.clock.now(),
        reference=reference,
    )


def be_told(kit: Kit, provider: str, raw: billing.RawNotice) -> None:
    with kit.db.begin() as tx:
        billing.accept_notification(tx, kit.providers[provider], raw, kit.clock.now())


def refund(kit: Kit, payment_id: int, **how: Any) -> None:
    with kit.db.begin() as tx:
        provider = kit.providers[billing.any_payment(tx, payment_id).provider]
        billing.request_refund(
            tx,
            provider,
            payment_id,
            reason="the buyer asked",
            actor="operator:1",
            now=kit.clock.now(),
            reference=f"refund:{payment_id}",
            **how,
        )


def decide(kit: Kit, payment_id: int, choice: billing.Choice) -> None:
    with kit.db.begin() as tx:
        billing.decide(tx, kit.providers, payment_id, choice, actor="operator:1", now=kit.clock.now())


def charge(kit: Kit, party: Party, method_id: int, purpose: str) -> None:
    now = kit.clock.now()
    with kit.db.begin() as tx:
        quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
        billing.start_charge(tx, party=party, purpose=purpose, method_id=method_id, quote=quote, now=now)
    with kit.db.begin() as tx:
        billing.schedule_charges(tx, now)


def make_statement(kit: Kit, provider: str, day: date) -> None:
    billing.make_statement(kit.db, kit.providers, provider, day, kit.clock.now())


def send_receipt(kit: Kit, party: Party, content: bytes) -> None:
    receipts.submit(kit.db, kit.storage, receipts.Upload(party, content), kit.clock.now())


def give_phone(kit: Kit, party: Party, phone: str) -> None:
    with kit.db.begin() as tx:
        identity.keep_phone(tx, kit.cipher, party.id, phone, kit.clock.now(), is_own=True)
