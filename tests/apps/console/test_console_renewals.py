"""The dry run says what then happens, and changes nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from apps.console import renewals
from services import billing, catalog, subscriptions
from services.platform.money import Money
from tests.world import TOML, Kiosk, Person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def with_card(kiosk: Kiosk) -> Person:
    person = kiosk.person()
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, person.party, kiosk.now)
    kiosk.pay(kiosk.checkout(person, save=True))
    kiosk.drain()
    return person


def own(kiosk: Kiosk, person: Person) -> subscriptions.Subscription:
    with kiosk.kit.db.begin() as tx:
        (found,) = subscriptions.subscriptions_of(tx, person.party)
    return found


def foresee(kiosk: Kiosk, capsys: pytest.CaptureFixture[str], days: int = 35) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    assert renewals.show(kiosk.kit, (kiosk.now + days * DAY).date(), as_json=True) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return {line["party"]: line for line in lines}


def fingerprint(kiosk: Kiosk) -> list[int]:
    tables = ("charges", "invoices", "payments", "subscription_reminders", "subscription_changes", "outbox_events")
    return [kiosk.count(table) for table in tables]


def test_what_it_says_is_what_happens(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    plain, card, wallet, off, canceled, paused, forgotten = (
        kiosk.person() if number in (0, 2) else with_card(kiosk) for number in range(7)
    )
    for person in (plain, wallet):
        kiosk.buy(person)
    kiosk.give(wallet, Money(29900, "RUB"))
    with kiosk.kit.db.begin() as tx:
        now = kiosk.now
        subscriptions.turn_on_renewal(tx, wallet.party, own(kiosk, wallet).id, "balance", None, now, currency="RUB")
        subscriptions.turn_off_renewal(tx, off.party, own(kiosk, off).id, now)
        subscriptions.cancel(tx, canceled.party, own(kiosk, canceled).id, now)
        subscriptions.pause(tx, paused.party, own(kiosk, paused).id, now)
        billing.forget_method(tx, forgotten.party, billing.methods_of(tx, forgotten.party)[0].id, now)
    kiosk.drain()

    before = fingerprint(kiosk)
    said = foresee(kiosk, capsys)
    assert fingerprint(kiosk) == before, "it only reads"
    why_not = {party: line["why_not"] for party, line in said.items() if line["why_not"]}
    nothing = [(plain, "off"), (off, "off"), (canceled, "canceled"), (paused, "paused"), (forgotten, "off")]
    assert why_not == {str(person.party): why for person, why in nothing}
    will = {party: line for party, line in said.items() if line["charge_at"]}
    assert {(party, line["amount"], line["currency"], line["from"]) for party, line in will.items()} == {
        (str(card.party), "299.00", "RUB", "card"),
        (str(wallet.party), "299.00", "RUB", "balance"),
    }

    end = max(own(kiosk, person).ends_at for person in (card, wallet))
    kiosk.pass_time(end - kiosk.now - 75 * HOUR, step=400 * DAY)
    kiosk.pass_time(76 * HOUR, step=4 * HOUR)
    with kiosk.kit.db.begin() as tx:
        paid = tx.execute(
            text("SELECT party, amount_minor, succeeded_at FROM payments WHERE reference LIKE 'charge:%'")
        ).all()
    assert {row.party for row in paid} == set(will)
    for row in paid:
        assert row.amount_minor == 29900
        late = row.succeeded_at - datetime.fromisoformat(will[row.party]["charge_at"])
        assert timedelta() <= late <= 4 * HOUR + timedelta(minutes=10), "by the steps of this test"


def test_a_withdrawn_tariff_and_a_short_one_are_named(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    anna = with_card(kiosk)
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TOML + "\nactive = false", kiosk.now)
    assert foresee(kiosk, capsys)[str(anna.party)]["why_not"] == "withdrawn"
    assert foresee(kiosk, capsys, days=3) == {}


def test_in_words_it_sums_up(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    with_card(kiosk)
    kiosk.buy(kiosk.person())
    capsys.readouterr()
    renewals.show(kiosk.kit, (kiosk.now + 35 * DAY).date())
    out = capsys.readouterr().out
    assert "1 will be charged: 299.00 RUB" in out
    assert "1 will not: 1 off" in out


@pytest.mark.parametrize("arguments", [[], ["--until", "2027-01-01"], ["--dry-run"], ["--dry-run", "--until", "soon"]])
def test_without_dry_run_or_a_date_it_does_nothing(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        renewals.read(arguments)
