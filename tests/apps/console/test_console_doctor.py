"""What the doctor finds where money is, and what it tells to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from apps.console import doctor, doctor_money
from apps.console.findings import Trouble
from tests.services.billing.busy_shop import late
from tests.world import Kiosk, MakeKiosk

STATEMENT = """
INSERT INTO statements (provider, day, made_at, operations, differences, totals, details)
VALUES ('yookassa', :day, now(), 1, 0, '{}', '{"differences": []}')"""


def findings(kiosk: Kiosk) -> dict[str, str]:
    """What each check says; of troubles with the remedy behind "->"."""
    found = {}
    for what, check in doctor_money.checks(kiosk.kit):
        try:
            found[what] = check(kiosk.kit)
        except Trouble as trouble:
            found[what] = f"{trouble.says} -> {trouble.remedy}"
    return found


def test_a_healthy_shop(kiosk: Kiosk) -> None:
    kiosk.buy(kiosk.person())
    found = findings(kiosk)
    assert "set the notification address to " in found["Payments by yookassa"]
    assert found["Payments offered"].startswith("yookassa")
    assert (found["Decisions"], found["Refunds"]) == ("no payment waits for one", "0 on their way")
    assert found["Statements"] == "none was made yet"
    assert found["Books"] == "proved: 1 currencies, 1 transactions, 3 entries"
    assert not [what for what, says in found.items() if "->" in says]
    assert {"Catalogue", "Decisions", "Books", "Support"} <= {one.what for one in doctor.examine(kiosk.kit)}


def test_what_waits_for_a_person_is_something_to_do(kiosk: Kiosk) -> None:
    late(kiosk, kiosk.person())
    kiosk.refund(kiosk.buy(kiosk.person()).payment_id)
    kiosk.scalar("UPDATE refunds SET state = 'unknown' RETURNING id")
    found = findings(kiosk)
    undecided = "python -m apps.console payments undecided"
    assert found["Decisions"] == f"payments that wait for one: 1 -> {undecided}"
    assert found["Refunds"] == f"nobody knows what became of: 1 -> {undecided} says which"


def test_providers_that_are_off_are_mentioned(kiosk: Kiosk) -> None:
    off = "INSERT INTO provider_switches VALUES (:code, false, 'the bank is down', now()) RETURNING provider"
    kiosk.scalar(off, code="yookassa")
    assert "yookassa is off since 2" in (found := findings(kiosk)["Payments offered"])
    assert "(the bank is down)" in found
    for code in set(kiosk.kit.providers) - {"yookassa"}:
        kiosk.scalar(off, code=code)
    assert findings(kiosk)["Payments offered"].startswith("nothing; ")
    assert "-> python -m apps.console payments on CODE" in findings(kiosk)["Payments offered"]


def test_statements_that_differ_or_are_missing_are_something_to_do(kiosk: Kiosk) -> None:
    kiosk.buy(kiosk.person())
    today = kiosk.now.date()

    def says_of(days_ago: int) -> str:
        with kiosk.kit.db.begin() as tx:
            tx.execute(text("DELETE FROM statements"))
            tx.execute(text(STATEMENT), {"day": today - timedelta(days=days_ago)})
        return findings(kiosk)["Statements"]

    assert says_of(1) == f"yookassa {today - timedelta(days=1)} agrees"
    assert says_of(2) == f"yookassa {today - timedelta(days=2)} agrees", "yesterday's comes some hours late"
    assert says_of(3).startswith(f"the last one of yookassa is of {today - timedelta(days=3)} -> is `clock` up?")
    kiosk.scalar("UPDATE payments SET created_at = created_at - interval '2 days' RETURNING id")
    assert says_of(3) == f"yookassa {today - timedelta(days=3)} agrees", "and nothing was sold since"
    difference = '[{"kind": "amount", "what": "payment", "external_id": "x", "ours": "a", "theirs": "b"}]'
    differ = "UPDATE statements SET details = jsonb_build_object('differences', CAST(:one AS jsonb)) RETURNING id"
    kiosk.scalar(differ, one=difference)
    assert " 1 differences -> python -m apps.console payments statement --provider" in findings(kiosk)["Statements"]


def test_books_that_disagree_are_something_to_do(kiosk: Kiosk) -> None:
    kiosk.buy(kiosk.person())
    kiosk.scalar("UPDATE invoices SET state = 'open' RETURNING id")
    assert findings(kiosk)["Books"] == "1 faults -> python -m apps.console books check"


def test_every_address_to_be_notified_at_is_named(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(PAYMENT_PROVIDERS="robokassa,cryptopay,balance", PUBLIC_URL="https://kiosk.example.com") as kiosk:
        found = findings(kiosk)
    at = "https://kiosk.example.com/webhooks"
    assert f"set ResultURL to {at}/robokassa, method POST" in found["Payments by robokassa"]
    assert f"set the address {at}/cryptopay" in found["Payments by cryptopay"]
    assert found["Payments by balance"] == "buyers can pay from their balance"


@pytest.mark.parametrize("code", ["yookassa", "robokassa"])
def test_a_kiosk_without_an_address(make_kiosk: MakeKiosk, code: str) -> None:
    """YooKassa can be asked instead; of Robokassa's test payments nobody hears but by ResultURL."""
    with make_kiosk(PAYMENT_PROVIDERS=code) as kiosk:
        settings = kiosk.kit.settings.model_copy(update={"public_url": None})
        kit = replace(kiosk.kit, settings=settings)
        says = findings(Kiosk(kit, kiosk.world, kiosk.http))[f"Payments by {code}"]
    if code == "robokassa":
        assert "-> set PUBLIC_URL; in Robokassa's cabinet set ResultURL to PUBLIC_URL/webhooks/robokassa" in says
    else:
        assert says.endswith("without PUBLIC_URL it tells nothing, and payments are found by asking, within minutes")
