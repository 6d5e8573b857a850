"""The steps that the tests of the contract are made of."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.providers.base import (
    Capability,
    NextAction,
    Order,
    PaymentProvider,
    RefundOrder,
    RefundOutcome,
    RefundSnapshot,
    Snapshot,
)
from services.platform.money import Money
from tests.contracts.payment_shops import CLAIMS, Claim, Shop

HOUR = timedelta(hours=1)


def having(*wanted: Capability, sends: bool = False, declines: bool = False) -> pytest.MarkDecorator:
    """Runs a test with every provider that claims all of this."""
    able = [
        name
        for name, claim in CLAIMS.items()
        if all(one in claim.capabilities for one in wanted) and claim.sends >= sends and claim.declines >= declines
    ]
    assert able
    return pytest.mark.parametrize("name", able)


def claim(shop: Shop) -> Claim:
    return CLAIMS[shop.provider.code]


def lost(shop: Shop) -> list[str]:
    """Faults whose answer tells nothing."""
    return [mode for mode in claim(shop).modes if mode != "slow"]


def begin(shop: Shop, provider: PaymentProvider | None = None, **changes: Any) -> tuple[Order, NextAction]:
    """A new order, for which the provider waits for its buyer."""
    provider, order = provider or shop.provider, shop.order(**changes)
    opened = provider.create(provider.request(order), order.key)
    assert isinstance(opened, NextAction)
    return order, opened


def buy(shop: Shop, provider: PaymentProvider | None = None, **changes: Any) -> tuple[Order, Snapshot]:
    order, opened = begin(shop, provider, **changes)
    return order, truth(shop, shop.pay(order, opened))


def truth(shop: Shop, external_id: str) -> Snapshot:
    """A payment, from wherever this provider can tell: asked about it, by its own word, or in its list."""
    provider = shop.provider
    if Capability.FETCH in provider.capabilities:
        seen: object = provider.fetch(external_id)
    elif Capability.WEBHOOK in provider.capabilities:
        notice = provider.read_notification(shop.told(external_id))
        seen = provider.evidence(notice.kind, notice.body)
    else:
        listed = provider.operations(shop.now() - HOUR, shop.now() + HOUR)
        (seen,) = [one for one in listed if isinstance(one, Snapshot) and one.external_id == external_id]
    assert isinstance(seen, Snapshot), seen
    return seen


def refund_of(order: Order, paid: Snapshot, minor: int | None = None, **changes: Any) -> RefundOrder:
    """All of it, or `minor` of it."""
    made = RefundOrder(
        key=uuid.uuid4(),
        payment_external_id=paid.external_id,
        amount=paid.amount if minor is None else Money(minor, paid.amount.currency),
        full=minor is None,
        description="Возврат",
        party=order.party,
        telegram_id=order.telegram_id,
    )
    return replace(made, **changes)


def give_back(provider: PaymentProvider, refund: RefundOrder) -> RefundOutcome:
    return provider.refund(provider.refund_request(refund), refund.key)


def given_back(shop: Shop, refund: RefundOrder) -> RefundSnapshot:
    """A refund that has gone well."""
    given = shop.settled(give_back(shop.provider, refund))
    assert isinstance(given, RefundSnapshot)
    assert (given.status, given.amount) == ("succeeded", refund.amount)
    assert given.key in (None, str(refund.key))
    assert given.payment_external_id in ("", refund.payment_external_id)
    return given
