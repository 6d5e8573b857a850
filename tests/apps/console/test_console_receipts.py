"""What an operator sees of receipts at the terminal, and decides."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from sqlalchemy import text

from apps.console import receipts as command
from apps.console import terminal
from apps.sandbox.stack import Stack
from services import receipts
from services.identity import Party
from services.kit import Kit
from services.platform.db import Database
from services.receipts import Facts, ReadLine
from tests.apps.web.receipts_front import promise, storage_at
from tests.factories import database_url, kit
from tests.services.receipts.desk import Desk, bought, picture
from tests.world import World

Console = Callable[..., tuple[int, str]]
CITRAMON = ReadLine("Цитрамон-Дарниця", Decimal(2), Decimal("60.25"), Decimal("120.50"))


@pytest.fixture
def shop(db: Database, stack: Stack, redis: redis_client.Redis, world: World) -> Iterator[Kit]:
    with kit(database_url(db), stack.redis_url, "console", **storage_at(f"{world.url}/storage")) as made:
        yield made


@pytest.fixture
def desk(shop: Kit) -> Desk:
    assert shop.storage is not None
    return Desk(shop.db, shop.storage, shop.clock.now())


@pytest.fixture
def console(shop: Kit, capsys: pytest.CaptureFixture[str]) -> Console:
    """The exit code and what was said."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(shop, command.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def typed(desk: Desk, person: int = 1, **change: Any) -> int:
    """In review."""
    facts = {"merchant": "Аптека", "date": desk.now.date(), "total": Decimal("120.50"), "currency": "UAH"}
    with desk.db.begin() as tx:
        made = receipts.submit_typed(
            tx, Party("user", person), Facts(**(facts | {"lines": (CITRAMON,)} | change)), desk.now
        )
    return made.id


def acts(desk: Desk) -> list[str]:
    with desk.db.begin() as tx:
        rows = tx.execute(text("SELECT action, actor FROM audit_log WHERE subject LIKE 'receipt:%' ORDER BY id"))
        return [row.action for row in rows if row.actor == terminal.actor()]


def test_the_newest_are_listed(desk: Desk, console: Console) -> None:
    assert console("list") == (0, "no receipts\n")
    first, second = typed(desk), desk.sent_and_read(bought(desk.now, total="100.00"), person=2).id
    lines = console("list")[1].splitlines()
    assert [int(line.split()[0]) for line in lines] == [second, first]
    assert "Аптека" in lines[0]
    assert "100.00 UAH" in lines[0]
    assert f"{first}  review" in console("list", "--state", "review")[1]
    assert str(second) == console("list", "--of", "user:2")[1].split()[0]
    assert len(console("list", "--limit", 1)[1].splitlines()) == 1
    for wrong in (("--state", "lost"), ("--of", "anna"), ("--limit", "0")):
        assert console("list", *wrong)[0] == 2


def test_everything_about_one_is_shown(shop: Kit, desk: Desk, console: Console) -> None:
    promise(shop)
    reading = bought(desk.now, key="ua:1:2:3", tier="D", reasons=("unconfirmed",), merchant="Apo\x1b[2Jtheke")
    own = desk.sent_and_read(reading).id
    with desk.db.begin() as tx:
        receipts.judge(tx, shop.cipher, receipts.ReceiptRecognised(receipt_id=own), desk.now)
    twin = desk.sent_and_read(bought(desk.now, key="ua:1:2:3"), person=2).id
    status, said = console("show", own)
    assert status == 0
    for part in (
        "user:1",
        "ua:1:2:3",
        "tier D by print; doubts: unconfirmed",
        "Цитрамон-Дарниця: 1 x 50 = 50.00 (90%)",
        "decided    review by citramon version 1, 1.00 UAH",
        "found D001",
        "citramon product",
        f"{twin}  rejected (duplicate_receipt)",
        "image/jpeg at receipts/",
    ):
        assert part in said, part
    assert "\x1b" not in said, "what strangers wrote does not command the terminal"
    assert console("show", 9999) == (1, "there is no receipt 9999\n")
    assert console("show", "x")[0] == 2


def test_what_waits_is_listed_with_its_doubts(desk: Desk, console: Console) -> None:
    assert console("review") == (0, "Nothing waits for a person.\n")
    ids = [typed(desk, total=Decimal(number)) for number in (1, 2, 3)]
    status, said = console("review", "--limit", 2)
    assert status == 1
    assert [int(line.split()[0]) for line in said.splitlines()[:2]] == ids[:2]
    assert "waits 0 min: typed_in" in said
    assert "and 1 more" in said


def test_what_is_approved_earns_by_the_rules(shop: Kit, desk: Desk, console: Console) -> None:
    own = typed(desk)
    status, said = console("approve", own, "--yes")
    shown = f"Approve receipt {own} of user:1: Аптека, {desk.now.date()}, 120.50 UAH. "
    assert (status, said.startswith(shown)) == (1, True)
    assert said.endswith("It stays in review: the rules would pay nothing for it (no_campaign).\n")
    promise(shop)
    assert "Nothing was done" in console("approve", own)[1], "nobody agreed"
    assert desk.look(own).state == "review"
    status, said = console("approve", own, "--note", "seen", "--yes")
    assert (status, said.splitlines()[-1]) == (0, f"receipt {own} is approved: 1.00 UAH by campaign citramon")
    news = receipts.ReceiptAccepted(
        receipt_id=own, party="user:1", campaign="citramon", minor=100, currency="UAH", payout="balance"
    )
    with desk.db.begin() as tx:
        payout = receipts.payouts.order_payout(tx, shop.cipher, news, desk.now)
    assert f"payout {payout}   created, 1.00 UAH by balance" in console("show", own)[1]
    assert console("approve", own, "--yes")[0] == 1
    assert acts(desk) == ["receipt.approve"]


def test_what_is_rejected_says_why(desk: Desk, console: Console) -> None:
    own = typed(desk)
    assert console("reject", own, "--yes")[0] == 2, "a reason is needed"
    assert console("reject", own, "--reason", "ugly", "--yes")[0] == 2
    status, said = console("reject", own, "--reason", "fraud", "--yes")
    assert (status, "cannot be sent again" in said) == (0, True)
    assert (desk.look(own).state, desk.look(own).reason) == ("rejected", "fraud")
    assert acts(desk) == ["receipt.reject"]


def test_what_was_read_is_put_right(desk: Desk, console: Console) -> None:
    own = typed(desk)
    words = ("--total", "99,50", "--date", "2026-11-20", "--time", "18:05", "--merchant", "Інша", "--currency", "RUB")
    status, said = console("correct", own, *words, "--line", "Хліб|1|25.50|25.50", "--line", "Сіль | 0.5 | 10 | 5")
    assert (status, "Інша, 2026-11-20 18:05, 99.50 RUB" in said) == (0, True)
    read = desk.look(own).reading
    assert read is not None
    assert [(line.name, line.sum) for line in read.lines] == [("Хліб", Decimal("25.50")), ("Сіль", Decimal(5))]
    assert desk.look(own).state == "review"
    for wrong in (
        (),
        ("--total", "x"),
        ("--total", "-5"),
        ("--total", "NaN"),
        ("--date", "yesterday"),
        ("--time", "25:00"),
        ("--currency", "XTR"),
        ("--line", "Хліб"),
        ("--line", "Хліб|1|1|x"),
    ):
        assert console("correct", own, *wrong)[0] == 2, wrong
    assert acts(desk) == ["receipt.correct"]


def test_the_picture_is_saved_once_or_linked_to(desk: Desk, console: Console, tmp_path: Path) -> None:
    content = picture()
    own, file = desk.send(content).id, tmp_path / "receipt.jpg"
    assert console("picture", own, "--to", file)[0] == 0
    assert file.read_bytes() == content
    file.write_bytes(b"mine")
    assert console("picture", own, "--to", file) == (1, f"{file}: File exists\n")
    assert file.read_bytes() == b"mine"
    status, link = console("picture", own, "--link")
    assert (status, link.startswith("http"), "X-Amz-Expires=300" in link) == (0, True, True)
    assert console("picture", own)[0] == 2
    assert console("picture", typed(desk), "--link")[0] == 1
    assert acts(desk) == ["receipt.picture"] * 3


def test_a_picture_is_read_again(desk: Desk, console: Console) -> None:
    own = desk.sent_and_read(bought(desk.now)).id
    assert console("reread", own, "--yes")[0] == 1, "it is not in review"
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE receipts SET state = 'review'"))
    assert console("reread", own)[0] == 1
    assert console("reread", own, "--yes")[0] == 0
    assert (desk.look(own).state, acts(desk)) == ("received", ["receipt.reread"])


def test_they_are_counted_and_exported(desk: Desk, console: Console) -> None:
    content = picture()
    for person in (1, 2):
        desk.send(content, person)
    said = console("statistics")[1]
    assert said.startswith("2 receipts from ")
    for part in ("received            1", "rejected            1", "duplicate_file", "paid: nothing", "owed: nothing"):
        assert part in said
    assert console("statistics", "--of", "user:3")[1].startswith("0 receipts")
    table = list(csv.DictReader(io.StringIO(console("export")[1])))
    assert [(row["party"], row["reason"]) for row in table] == [("user:1", ""), ("user:2", "duplicate_file")]
    yesterday = desk.now - timedelta(days=1)
    assert len(console("export", "--until", yesterday.isoformat())[1].splitlines()) == 1
    assert len(console("export", "--since", yesterday.date(), "--state", "rejected")[1].splitlines()) == 2
    for wrong in ("today", "0001-01-01", "9999-12-31"):
        assert console("export", "--since", wrong)[0] == 2


def test_other_groups_of_commands_are_named(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert {"campaigns", "review"} <= set(console("--help")[1].replace(",", " ").split())
    with pytest.raises(SystemExit):
        command.main(["campaigns", "--help"])
    assert "put a file of campaigns" in capsys.readouterr().out
