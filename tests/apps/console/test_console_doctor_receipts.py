"""What the doctor finds where receipts are, and what it tells to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.console import doctor_receipts
from apps.console.findings import Trouble
from apps.sandbox.stack import Stack
from services import receipts
from services.identity import Party
from services.kit import Kit
from services.platform.db import Database
from services.receipts import Facts
from tests.apps.web.receipts_front import promise, storage_at
from tests.factories import database_url, kit


@pytest.fixture
def shop(db: Database, stack: Stack, redis: redis_client.Redis) -> Iterator[Kit]:
    with kit(database_url(db), stack.redis_url, "console", **storage_at("http://127.0.0.1:9")) as made:
        yield made


def findings(shop: Kit) -> dict[str, str]:
    """What each check says; of troubles with the remedy behind "->"."""
    found = {}
    for what, check in doctor_receipts.checks():
        try:
            found[what] = check(shop)
        except Trouble as trouble:
            found[what] = f"{trouble.says} -> {trouble.remedy}"
    return found


def waiting(shop: Kit, state: str, age: timedelta) -> None:
    now = shop.clock.now()
    with shop.db.begin() as tx:
        tx.execute(text("DELETE FROM receipts"))
        receipts.submit_typed(tx, Party("user", 1), Facts(merchant="A", date=now.date(), total=Decimal(1)), now)
        tx.execute(text("UPDATE receipts SET state = :state, changed_at = :at"), {"state": state, "at": now - age})


def test_where_nothing_is_promised_all_is_well(shop: Kit) -> None:
    object.__setattr__(shop, "storage", None)
    found = findings(shop)
    assert found["Receipts"].startswith("nothing is promised")
    assert found["Receipt campaigns"] == "none runs"
    assert (found["Receipts on their way"], found["Receipts in review"]) == ("0, none for too long", "none")
    assert not [what for what, says in found.items() if "->" in says]


def test_campaigns_need_storage_and_money(shop: Kit) -> None:
    promise(shop, budget="100.00")
    found = findings(shop)
    assert found["Receipts"] == "pictures are kept for 90 days after they were decided"
    assert found["Receipt campaigns"] == "citramon has 100.00 UAH left"
    with shop.db.begin() as tx:
        tx.execute(text("UPDATE receipt_campaigns SET spent_minor = 9001"))
    assert (
        "citramon has 9.99 UAH left; nearly all is spent of citramon -> raise the budget"
        in (findings(shop)["Receipt campaigns"])
    )
    object.__setattr__(shop, "storage", None)
    assert findings(shop)["Receipts"] == "campaigns run, and pictures cannot be kept -> set STORAGE_*"


def test_languages_that_are_missing_matter_once_something_is_promised(shop: Kit, tmp_path: Path) -> None:
    for name in ("ukr", "rus", "eng"):
        (tmp_path / f"{name}.traineddata").touch()
    here = shop.settings.model_copy(update={"tessdata_prefix": str(tmp_path)})
    object.__setattr__(shop, "settings", here)
    promise(shop)
    assert findings(shop)["Receipts read"] == f"ukr, rus, eng in {tmp_path}"


def test_where_print_cannot_be_read_people_must(shop: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts.ocr, "find_languages", lambda _: receipts.ocr.Languages(None, ("eng",)))
    missing = "tesseract's files are missing for ukr, rus"
    assert findings(shop)["Receipts read"] == f"{missing}; not needed while nothing is promised"
    promise(shop)
    assert findings(shop)["Receipts read"].startswith(f"{missing}: such receipts wait for people -> install")


def test_what_stands_still_is_something_to_do(shop: Kit) -> None:
    for state, process in (("received", "ocr-worker"), ("read", "rules-worker"), ("approved", "jobs")):
        waiting(shop, state, timedelta(minutes=14))
        assert findings(shop)["Receipts on their way"] == "1, none for too long"
        waiting(shop, state, timedelta(minutes=16))
        assert findings(shop)["Receipts on their way"].startswith(f"1 are {state}, one for 16 min -> is {process} up")


def test_people_do_not_wait_longer_than_a_day(shop: Kit) -> None:
    waiting(shop, "review", timedelta(hours=23))
    assert findings(shop)["Receipts in review"] == "1 wait for a person, one for 23 h"
    waiting(shop, "review", timedelta(hours=50))
    assert findings(shop)["Receipts in review"] == (
        "1 wait for a person, one for 2 days -> python -m apps.console receipts review"
    )
