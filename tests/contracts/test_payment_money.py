"""The rest of the contract of payment providers: money that is held, cards that are remembered, money given back."""

from __future__ import annotations

import json
import uuid
from functools import partial

from apps.sandbox.faults import AFTER
from services.billing.providers.base import Capability, Declined, NotSent, RefundSnapshot, Snapshot, Unknown
from services.platform.money import Money
from tests.contracts.acts import HOUR, buy, give_back, given_back, having, lost, refund_of, truth
from tests.contracts.payment_shops import Shop
from tests.contracts.sandbox_shop import receipt


@having(Capability.HOLD)
def test_held_money_is_taken(shop: Shop) -> None:
    order, held = buy(shop, shop.twin(holds=True))
    assert held.status == "authorized"
    key = uuid.uuid4()
    taken = shop.provider.capture(held.external_id, held.amount, key)
    assert isinstance(taken, Snapshot)
    assert (taken.status, taken.amount, taken.key) == ("succeeded", order.amount, str(order.key))
    assert shop.provider.capture(held.external_id, held.amount, key) == taken
    assert isinstance(shop.provider.capture(held.external_id, held.amount, uuid.uuid4()), Declined)
    assert isinstance(shop.provider.cancel(held.external_id, uuid.uuid4()), Declined)
    assert truth(shop, held.external_id) == taken


@having(Capability.HOLD)
def test_held_money_is_let_go(shop: Shop) -> None:
    _, held = buy(shop, shop.twin(holds=True))
    key = uuid.uuid4()
    gone = shop.provider.cancel(held.external_id, key)
    assert isinstance(gone, Snapshot)
    assert gone.status == "canceled"
    assert shop.provider.cancel(held.external_id, key) == gone
    assert isinstance(shop.provider.capture(held.external_id, held.amount, uuid.uuid4()), Declined)


@having(Capability.HOLD)
def test_a_fault_at_a_decision_is_an_outcome_and_the_same_key_ends_it(shop: Shop) -> None:
    holding = shop.twin(holds=True)
    for mode in lost(shop):
        _, held = buy(shop, holding)
        _, other = buy(shop, holding)
        capture = partial(shop.provider.capture, held.external_id, held.amount, uuid.uuid4())
        cancel = partial(shop.provider.cancel, other.external_id, uuid.uuid4())
        for status, decide in (("succeeded", capture), ("canceled", cancel)):
            shop.fault(mode)
            outcome = decide()
            assert isinstance(outcome, Unknown if mode in AFTER else Unknown | NotSent), mode
            ended = decide()
            assert isinstance(ended, Snapshot), mode
            assert ended.status == status, mode


@having(Capability.SAVED_METHOD)
def test_a_remembered_card_is_charged_without_its_owner(shop: Shop) -> None:
    _, first = buy(shop, save=True)
    assert first.method
    assert first.method.title
    again = shop.order(method=first.method.token)
    charged = shop.provider.create(shop.provider.request(again), again.key)
    assert isinstance(charged, Snapshot)
    assert charged.status in ("awaiting_user", "succeeded")
    assert (charged.amount, charged.key) == (again.amount, str(again.key))
    assert charged.external_id != first.external_id
    paid = truth(shop, charged.external_id)
    assert (paid.status, paid.amount) == ("succeeded", again.amount)
    assert paid.key in (None, str(again.key))
    if Capability.SAME_KEY in shop.provider.capabilities:
        assert shop.provider.create(shop.provider.request(again), again.key) == paid
    assert shop.seen() == 2


@having(Capability.SAVED_METHOD)
def test_a_card_is_remembered_only_when_its_owner_agreed(shop: Shop) -> None:
    _, paid = buy(shop)
    assert paid.method is None
    stranger = shop.order(method=shop.unknown_id())
    assert isinstance(shop.provider.create(shop.provider.request(stranger), stranger.key), Declined)


@having(Capability.REFUND)
def test_all_is_given_back_once(shop: Shop) -> None:
    order, paid = buy(shop)
    refund = refund_of(order, paid)
    request = shop.provider.refund_request(refund)
    assert json.loads(json.dumps(request)) == request
    for secret in shop.secrets:
        assert secret not in json.dumps(request)
    given = given_back(shop, refund)
    again = give_back(shop.provider, refund_of(order, paid))
    assert isinstance(again, Declined) or again == given, "where a payment has one refund, this is it"
    assert_given_back(shop, paid, [given])


@having(Capability.REFUND)
def test_what_was_never_paid_is_not_given_back(shop: Shop) -> None:
    order, paid = buy(shop)
    nothing = refund_of(order, paid, payment_external_id=shop.unknown_id())
    assert isinstance(give_back(shop.provider, nothing), Declined)
    assert_given_back(shop, paid, [])


@having(Capability.PARTIAL_REFUND)
def test_a_part_is_given_back_and_never_more_than_came(shop: Shop) -> None:
    order, paid = buy(shop)
    part = paid.amount.minor // 3
    rest = paid.amount.minor - 2 * part
    given = [given_back(shop, refund_of(order, paid, part)) for _ in range(2)]
    assert isinstance(give_back(shop.provider, refund_of(order, paid, rest + 1)), Declined)
    given.append(given_back(shop, refund_of(order, paid, rest)))
    assert_given_back(shop, paid, given)


def assert_given_back(shop: Shop, paid: Snapshot, refunds: list[RefundSnapshot]) -> None:
    """As far as the provider tells."""
    able = shop.provider.capabilities
    if Capability.FETCH in able:
        total = sum(one.amount.minor for one in refunds)
        assert truth(shop, paid.external_id).refunded in (None, Money(total, paid.amount.currency))
    if Capability.LIST in able:
        listed = shop.provider.operations(shop.now() - HOUR, shop.now() + HOUR)
        told = [one for one in listed if isinstance(one, RefundSnapshot)]
        assert {one.external_id: one.amount for one in told} == {one.external_id: one.amount for one in refunds}
        assert {one.payment_external_id for one in told} <= {paid.external_id}
        assert len(told) == len(refunds)


@having(Capability.REFUND_SAME_KEY)
def test_the_same_key_is_the_same_refund(shop: Shop) -> None:
    order, paid = buy(shop)
    refund = refund_of(order, paid)
    given = given_back(shop, refund)
    assert give_back(shop.provider, refund) == given
    if Capability.FETCH in shop.provider.capabilities:
        assert shop.provider.fetch_refund(given.external_id) == given
    assert_given_back(shop, paid, [given])


@having(Capability.REFUND)
def test_a_fault_at_a_refund_is_an_outcome_and_the_money_goes_back_once(shop: Shop) -> None:
    for mode in lost(shop):
        order, paid = buy(shop)
        refund = refund_of(order, paid)
        shop.fault(mode)
        assert isinstance(give_back(shop.provider, refund), Unknown | NotSent), mode
        given = given_back(shop, refund)
        again = give_back(shop.provider, refund_of(order, paid))
        assert isinstance(again, Declined) or again == given, mode


@having(Capability.FISCAL)
def test_a_receipt_goes_with_a_payment_and_with_its_refund(shop: Shop) -> None:
    order, paid = buy(shop, receipt=receipt("100.00", "199.00"))
    assert paid.status == "succeeded"
    given_back(shop, refund_of(order, paid, receipt=receipt("100.00", "199.00")))
