"""Money survives a kill at any point: each way that money takes is walked by processes that are killed at its first
step, its second, and so on to its last. After a restart the state is right, the books agree, and the provider has seen
one operation. No notification arrives unless a test brings it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from services import assembly, billing
from services.platform.money import Money
from tests.apps.sandbox.running_robokassa import Stand, running_robokassa
from tests.processes import errands
from tests.processes.aftermath import MINUTE, ONCE, Survivor, surviving
from tests.processes.crashes import Case, Doomed
from tests.processes.tills import TILLS, RobokassaTill, Till, YooKassaTill
from tests.world import Kiosk, MakeKiosk, Person

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
SHOPS = ("yookassa", "robokassa", "stars", "cryptopay")


@pytest.fixture(autouse=True)
def thinned(doomed: Doomed, long: bool) -> None:
    """Every second step, and with --long each."""
    doomed.every = 1 if long else 2


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with running_robokassa(tmp_path_factory.mktemp("robokassa")) as stand:
        yield stand


@pytest.fixture
def survivor(kiosk: Kiosk) -> Survivor:
    return surviving(kiosk)


@pytest.fixture
def live(survivor: Survivor, stand: Stand) -> Iterator[Survivor]:
    """One that takes real money, but only Robokassa's: in its test mode Robokassa cannot be asked and refunds
    nothing."""
    urls = {"robokassa_pay_url": stand.url, "robokassa_services_url": stand.url}
    kit = assembly.build(survivor.kit.settings.model_copy(update={"app_env": "prod", **urls}), "jobs")
    yield Survivor(kit, survivor.world, survivor.http)
    kit.close()


@pytest.fixture
def till(request: pytest.FixtureRequest) -> Till:
    code = request.param
    if code == "robokassa":
        return RobokassaTill(request.getfixturevalue("live"), request.getfixturevalue("stand"))
    return TILLS[code](request.getfixturevalue("survivor"), code)


def assert_bought_once(kiosk: Survivor, cases: list[Case[Person]]) -> None:
    bought = kiosk.bought(case.subject for case in cases)
    for case in cases:
        assert bought[str(case.subject.party)] == ONCE, case


def assert_shortened_once(kiosk: Survivor, case: Case[tuple[Person, int]]) -> None:
    person, _ = case.subject
    sql = """SELECT array_agg(c.kind ORDER BY c.id) FROM subscription_changes c
        JOIN subscriptions s ON s.id = c.subscription_id WHERE s.party = :party"""
    assert kiosk.scalar(sql, party=str(person.party)) == ["began", "shortened", "expired"], case


def assert_all_agrees(till: Till) -> None:
    assert till.kiosk.faults() == []
    assert till.kiosk.left() == []
    assert till.refused() == []


def refund_states(kiosk: Kiosk, payment_id: int) -> list[str]:
    return list(kiosk.scalar("SELECT array_agg(state) FROM refunds WHERE payment_id = :id", id=payment_id) or ())


def asked_again(kiosk: Kiosk, person: Person, provider: str) -> bool:
    """Whether who was cut off gets a page at once."""
    try:
        return kiosk.checkout(person, provider=provider).state == "awaiting_user"
    except billing.CheckoutFailed:
        return False


@pytest.mark.parametrize("till", SHOPS, indirect=True)
def test_checkout(till: Till, doomed: Doomed) -> None:
    kiosk = till.kiosk

    def begin() -> tuple[Person, dict[str, Any]]:
        person = kiosk.person()
        return person, {"provider": till.code, "party": person.party}

    cases = doomed.everywhere(kiosk, errands.checkout, begin)
    assert len(cases[0].fate.steps) >= (4 if till.code == "robokassa" else 6)  # Robokassa is asked nothing
    failed = [case for case in cases if not asked_again(kiosk, case.subject, till.code)]
    # Without a key, its list must show it first: whoever dies around the call.
    assert len(failed) == ({1: 2, 2: 1}[doomed.every] if till.code == "cryptopay" else 0)
    kiosk.restart(timedelta(minutes=35), 5 * MINUTE)  # what no list shows by then was not made
    for case in cases:
        checkout = kiosk.checkout(case.subject, provider=till.code)
        assert checkout.state == "awaiting_user", case
        errands.be_told(kiosk.kit, till.code, till.pay(case.subject, checkout))
        assert till.sales(case.subject) == 1, case
    kiosk.drain()
    assert_bought_once(kiosk, cases)
    assert_all_agrees(till)


@pytest.mark.parametrize("till", SHOPS, indirect=True)
def test_settle(till: Till, doomed: Doomed) -> None:
    kiosk = till.kiosk
    notices = []

    def pay() -> tuple[Person, dict[str, Any]]:
        person = kiosk.person()
        notices.append(till.pay(person, kiosk.checkout(person, provider=till.code)))
        return person, {"provider": till.code, "raw": notices[-1]}

    cases = doomed.everywhere(kiosk, errands.be_told, pay, relay=till.code == "yookassa")
    assert len(cases[0].fate.steps) >= (22 if till.code == "yookassa" else 10)
    kiosk.restart()
    assert_bought_once(kiosk, cases)
    for notice in notices:
        errands.be_told(kiosk.kit, till.code, notice)
    kiosk.restart()
    assert_bought_once(kiosk, cases)
    assert [till.sales(case.subject) for case in cases] == [1] * len(cases)
    assert_all_agrees(till)


@pytest.mark.parametrize("till", ["balance"], indirect=True)
def test_payment_from_the_balance(till: Till, doomed: Doomed) -> None:
    kiosk = till.kiosk

    def begin() -> tuple[Person, dict[str, Any]]:
        person = kiosk.person()
        kiosk.give(person, Money(50000, "RUB"))
        return person, {"provider": "balance", "party": person.party, "reference": f"order of {person.party}"}

    cases = doomed.everywhere(kiosk, errands.checkout, begin)
    assert len(cases[0].fate.steps) >= 10
    kiosk.restart()
    for case in cases:
        party = case.subject.party
        errands.checkout(kiosk.kit, "balance", party, f"order of {party}")
    kiosk.restart()
    assert_bought_once(kiosk, cases)
    assert [kiosk.balance(f"wallet:{case.subject.party}") for case in cases] == [-20100] * len(cases)
    assert_all_agrees(till)


def test_capture(make_kiosk: MakeKiosk, doomed: Doomed) -> None:
    with make_kiosk(YOOKASSA_TWO_STAGE="true") as made:
        kiosk = surviving(made)
        till = YooKassaTill(kiosk, "yookassa")

        def hold() -> tuple[Person, dict[str, Any]]:
            person = kiosk.person()
            raw = till.pay(person, kiosk.checkout(person))
            return person, {"provider": till.code, "raw": raw}

        cases = doomed.everywhere(kiosk, errands.be_told, hold)
        assert "after POST /yookassa/v3/payments/*/capture" in cases[0].fate.steps
        kiosk.restart()
        assert_bought_once(kiosk, cases)
        assert [till.sales(case.subject) for case in cases] == [1] * len(cases)
        assert_all_agrees(till)


@pytest.mark.parametrize("till", ["yookassa"], indirect=True)
def test_charge_of_a_remembered_card(till: Till, doomed: Doomed) -> None:
    """One card, charged for one purpose after another."""
    kiosk, anna = till.kiosk, till.kiosk.person()
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, anna.party, kiosk.now)
    errands.be_told(kiosk.kit, till.code, till.pay(anna, kiosk.checkout(anna, save=True)))
    kiosk.drain()
    card = kiosk.scalar("SELECT id FROM payment_methods")
    purposes = (f"subscription:1:{number}" for number in count(1))

    def plan() -> tuple[dict[str, Any], dict[str, Any]]:
        told = {"party": anna.party, "method_id": card, "purpose": next(purposes)}
        return told, told

    cases = doomed.everywhere(kiosk, errands.charge, plan)
    assert len(cases[0].fate.steps) >= 16
    kiosk.restart()
    for case in cases:
        errands.charge(kiosk.kit, **case.subject)
    kiosk.restart()
    for case in cases:
        with kiosk.kit.db.begin() as tx:
            charge = billing.charge_of(tx, case.subject["purpose"])
        assert charge
        assert (charge.state, charge.tries) == ("paid", 1), case
    bought = 1 + len(cases)
    assert kiosk.bought([anna])[str(anna.party)] == dict.fromkeys(ONCE, bought)
    assert till.sales(anna) == bought
    assert_all_agrees(till)


@pytest.mark.parametrize("till", ["yookassa"], indirect=True)
def test_daily_statement(till: Till, doomed: Doomed) -> None:
    """Of a day with a payment that all notifications and questions have missed."""
    kiosk = till.kiosk
    kiosk.world.offset.move((60 - kiosk.now.hour) * 3600)  # noon after a whole day without other tests
    told: dict[str, Any] = {"provider": till.code, "day": kiosk.now.date()}

    def lose() -> tuple[Person, dict[str, Any]]:
        errands.make_statement(kiosk.kit, **told)
        kiosk.drain()  # so that there is one lost payment at a time
        person = kiosk.person()
        checkout = kiosk.checkout(person)
        till.pay(person, checkout)
        lost = "UPDATE payments SET state = 'canceled', check_after = NULL WHERE id = :id RETURNING id"
        kiosk.scalar(lost, id=checkout.payment_id)
        return person, told

    cases = doomed.everywhere(kiosk, errands.make_statement, lose)
    assert len(cases[0].fate.steps) >= 10
    errands.make_statement(kiosk.kit, **told)
    kiosk.restart()
    assert_bought_once(kiosk, cases)
    assert kiosk.scalar("SELECT array_agg(differences) FROM statements") == [0]
    assert_all_agrees(till)


# Money back


def sold(till: Till, **how: Any) -> tuple[tuple[Person, int], dict[str, Any]]:
    """Somebody has bought; that person, the payment, and how its refund is ordered."""
    kiosk, person = till.kiosk, till.kiosk.person()
    if till.code == "balance":
        kiosk.give(person, Money(29900, "RUB"))
    checkout = kiosk.checkout(person, provider=till.code)
    if till.code != "balance":
        errands.be_told(kiosk.kit, till.code, till.pay(person, checkout))
    kiosk.drain()
    return (person, checkout.payment_id), {"payment_id": checkout.payment_id, **how}


@pytest.mark.parametrize("till", ["yookassa", "stars", "balance"], indirect=True)
def test_refund(till: Till, doomed: Doomed) -> None:
    kiosk = till.kiosk
    cases = doomed.everywhere(kiosk, errands.refund, lambda: sold(till), relay=till.code == "yookassa")
    assert len(cases[0].fate.steps) >= (24 if till.code == "yookassa" else 14)
    kiosk.restart()
    for case in cases:
        errands.refund(kiosk.kit, case.subject[1])  # the operator presses again
    kiosk.restart()
    for case in cases:
        _, payment_id = case.subject
        assert refund_states(kiosk, payment_id) == ["succeeded"], case
        assert till.refunds(payment_id) == 1, case
        assert_shortened_once(kiosk, case)
    assert kiosk.balance("revenue:vpn", "XTR" if till.code == "stars" else "RUB") == 0
    assert_all_agrees(till)


@pytest.mark.parametrize("till", ["robokassa"], indirect=True)
def test_refund_that_cannot_be_repeated(till: Till, doomed: Doomed) -> None:
    """Robokassa takes the same request again for another refund: one without an answer waits for a person, and it is
    never sent twice."""
    kiosk = till.kiosk
    cases = doomed.everywhere(kiosk, errands.refund, lambda: sold(till))
    create = "POST /robokassa/RefundService/Refund/Create"
    assert {f"before {create}", f"after {create}"} < set(cases[0].fate.steps)
    for case in cases:
        errands.refund(kiosk.kit, case.subject[1])
    kiosk.restart(timedelta(minutes=70), 5 * MINUTE)
    asked = []
    for case in cases:
        person, payment_id = case.subject
        there = till.refunds(payment_id)
        if (state := refund_states(kiosk, payment_id)) == ["unknown"]:
            told = "SELECT count(*) FROM outbox_events WHERE name = 'billing.refund_failed' AND body->>'party' = :party"
            assert kiosk.scalar(told, party=str(person.party)) == 1, case
            with kiosk.kit.db.begin() as tx:
                [refund] = billing.refunds_of(tx, payment_id)
                billing.resolve_refund(tx, refund.id, done=there == 1, actor="operator:1", now=kiosk.now)
            asked.append(there)
        else:
            assert (state, there) == (["succeeded"], 1), case
    assert set(asked) == {0, 1}  # killed before and after it was sent
    kiosk.restart(timedelta(minutes=35), 5 * MINUTE)
    for case in cases:
        person, payment_id = case.subject
        [ended] = refund_states(kiosk, payment_id)
        assert till.refunds(payment_id) == (ended == "succeeded"), case
        if ended == "succeeded":
            assert_shortened_once(kiosk, case)
    assert_all_agrees(till)


@pytest.mark.parametrize("till", ["yookassa"], indirect=True)
def test_refund_to_the_balance(till: Till, doomed: Doomed) -> None:
    kiosk = till.kiosk
    cases = doomed.everywhere(kiosk, errands.refund, lambda: sold(till, destination="balance"))
    assert len(cases[0].fate.steps) >= 6
    for case in cases:
        errands.refund(kiosk.kit, case.subject[1], destination="balance")
    kiosk.restart()
    for case in cases:
        person, payment_id = case.subject
        assert refund_states(kiosk, payment_id) == ["succeeded"], case
        assert till.refunds(payment_id) == 0, case
        assert kiosk.balance(f"wallet:{person.party}") == -29900, case
        assert_shortened_once(kiosk, case)
    assert_all_agrees(till)


@pytest.mark.parametrize("till", ["yookassa"], indirect=True)
@pytest.mark.parametrize("choice", billing.CHOICES)
def test_decision(till: Till, doomed: Doomed, choice: billing.Choice) -> None:
    kiosk = till.kiosk

    def pay_late() -> tuple[tuple[Person, int], dict[str, Any]]:
        person = kiosk.person()
        checkout = kiosk.checkout(person)
        kiosk.scalar("UPDATE invoices SET state = 'expired' WHERE id = :id RETURNING id", id=checkout.invoice_id)
        errands.be_told(kiosk.kit, till.code, till.pay(person, checkout))
        kiosk.drain()
        return (person, checkout.payment_id), {"payment_id": checkout.payment_id, "choice": choice}

    cases = doomed.everywhere(kiosk, errands.decide, pay_late)
    assert len(cases[0].fate.steps) >= {"keep": 2, "apply": 6, "refund": 14}[choice]
    with kiosk.kit.db.begin() as tx:
        left = [payment.id for payment in billing.undecided(tx)]
    for payment_id in left:
        errands.decide(kiosk.kit, payment_id, choice)
    kiosk.restart()
    bought = kiosk.bought(case.subject[0] for case in cases)
    for case in cases:
        person, payment_id = case.subject
        assert till.refunds(payment_id) == (choice == "refund"), case
        assert kiosk.balance(f"wallet:{person.party}") == (-29900 if choice == "keep" else 0), case
        assert bought[str(person.party)]["fulfilled"] == (choice == "apply"), case
    decisions = "SELECT count(*) FROM outbox_events WHERE name = 'billing.payment_decided'"
    assert kiosk.scalar(decisions) == len(cases)
    assert kiosk.balance("revenue:vpn") == (-29900 * len(cases) if choice == "apply" else 0)
    assert_all_agrees(till)
