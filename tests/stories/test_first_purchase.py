"""Whole lives, told with moved time."""

from __future__ import annotations

from datetime import timedelta

from services import subscriptions
from tests.world import Kiosk


def test_somebody_buys_and_gets_the_file_and_the_code(kiosk: Kiosk) -> None:
    anna = kiosk.person()
    kiosk.buy(anna)

    file, code = kiosk.messages(anna)[-2:]
    assert file["document"]["file_name"].endswith(".conf")
    assert code["photo"]
    assert kiosk.count("ledger_transactions") == 1
    assert kiosk.undone() == []
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
    assert mine.state == "active"
    assert timedelta(days=28) <= mine.ends_at - kiosk.now <= timedelta(days=31)
