"""Operators put files into storage, and give by hand what no machine gives."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.console import doctor_goods, goods, tasks, terminal
from apps.console.findings import Trouble
from tests.services.provisioning.goods_sold import end, everything_written, owned, sell, shown
from tests.world import Kiosk, MakeKiosk, Person

Console = Callable[..., tuple[int, str]]


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Console:
    def run(command: str, *arguments: object, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        module = {"goods": goods, "tasks": tasks}[command]
        capsys.readouterr()  # what was logged so far
        status = terminal.carry_out(kiosk.kit, module.read([str(one) for one in arguments]))
        said = capsys.readouterr().out
        kiosk.drain()
        return status, said

    return run


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    sell(kiosk, "manual", take_back=True)
    person = kiosk.person("Anna", "en")
    kiosk.buy(person, "thing")
    return person


def test_a_file_goes_into_storage_and_another_in_its_place(kiosk: Kiosk, console: Console, tmp_path: Path) -> None:
    assert kiosk.kit.storage is not None
    (tmp_path / "book.pdf").write_bytes(b"%PDF one")
    sell(kiosk, "file", file="books/one.pdf", file_name="Book.pdf")
    kiosk.kit.storage.delete("books/one.pdf")
    assert "not in storage, goods upload books/one.pdf FILE" in console("goods", "list")[1]
    status, said = console("goods", "upload", "books/one.pdf", tmp_path / "book.pdf")
    assert status == 0
    assert "8 bytes" in said
    assert "8 bytes" in console("goods", "list")[1]
    (tmp_path / "book.pdf").write_bytes(b"%PDF two!")
    console("goods", "upload", "books/one.pdf", tmp_path / "book.pdf")
    assert kiosk.kit.storage.get("books/one.pdf") == b"%PDF two!"


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a b", "a/../b", "", "книга.pdf"])
def test_a_name_that_is_none_is_refused(console: Console, tmp_path: Path, name: str) -> None:
    (tmp_path / "book.pdf").write_bytes(b"%PDF")
    assert console("goods", "upload", name, tmp_path / "book.pdf")[0] == 2


def test_a_file_that_is_none_is_refused(kiosk: Kiosk, console: Console, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert console("goods", "upload", "a", tmp_path / "empty")[0] == 2
    assert console("goods", "upload", "a", tmp_path / "absent")[0] == 2
    (tmp_path / "full").write_bytes(b"x")
    object.__setattr__(kiosk.kit, "storage", None)
    status, said = console("goods", "upload", "a", tmp_path / "full")
    assert (status, "STORAGE_ENDPOINT" in said) == (1, True)


def test_a_task_is_answered_from_the_terminal(kiosk: Kiosk, console: Console, anna: Person) -> None:
    assert "thing-good" in console("tasks", "list")[1]
    assert "100.00 RUB" in console("tasks", "show", 1)[1]
    assert console("tasks", "take", 1) == (0, "Task 1 is yours.\n")
    status, said = console("tasks", "answer", 1, "--as", "key", typed="AAAA-BBBB\n")
    assert status == 0
    assert "AAAA" not in said + everything_written(kiosk)
    assert [(one.kind, one.content) for one in shown(kiosk, anna)] == [("key", "AAAA-BBBB")]
    assert console("tasks", "list") == (0, "Nothing waits.\n")
    status, said = console("tasks", "answer", 1, typed="again")
    assert (status, "answered" in said) == (1, True)
    end(kiosk, anna)
    assert "take back" in console("tasks", "list")[1]
    assert console("tasks", "done", 2) == (0, "Task 2 is done.\n")


def test_a_task_is_declined_after_a_question(kiosk: Kiosk, console: Console, anna: Person) -> None:
    status, said = console("tasks", "decline", 1, "--reason", "No more places.")
    assert status == 1
    assert "100.00 RUB of payment" in said
    assert owned(kiosk, anna).state == "preparing"
    assert kiosk.count("refunds") == 0
    assert console("tasks", "decline", 1, "--reason", "No more places.", "--yes")[0] == 0
    kiosk.hurry()
    assert kiosk.count("refunds", "state = 'succeeded'") == 1
    assert owned(kiosk, anna).state == "ended"
    assert console("tasks", "decline", 1, "--reason", "No.", "--yes")[0] == 1
    assert kiosk.count("refunds") == 1


def test_what_is_not_there_is_said(console: Console, anna: Person) -> None:
    assert console("tasks", "show", 99) == (1, "there is no task 99\n")
    assert console("tasks", "done", 1)[0] == 2
    assert console("tasks", "answer", 1, typed=" \n")[0] == 2


def test_the_doctor_finds_what_cannot_be_given(make_kiosk: MakeKiosk) -> None:
    with make_kiosk() as kiosk:
        assert kiosk.kit.storage is not None
        sell(kiosk, "file", file="books/two.pdf", file_name="Book.pdf")
        kiosk.kit.storage.delete("books/two.pdf")
        with pytest.raises(Trouble) as trouble:
            doctor_goods.goods(kiosk.kit)
        assert "goods upload books/two.pdf" in trouble.value.remedy
        kiosk.kit.storage.put("books/two.pdf", b"%PDF", "application/pdf")
        assert doctor_goods.goods(kiosk.kit) == "thing-good"
        object.__setattr__(kiosk.kit, "storage", None)
        with pytest.raises(Trouble) as trouble:
            doctor_goods.goods(kiosk.kit)
        assert trouble.value.remedy == "set STORAGE_*"


def test_the_doctor_finds_operators_missing_and_tasks_late(kiosk: Kiosk, anna: Person) -> None:
    with pytest.raises(Trouble) as trouble:
        doctor_goods.goods(kiosk.kit)
    assert trouble.value.remedy == "set TELEGRAM_ADMIN_IDS"
    assert doctor_goods.tasks(kiosk.kit) == "1 wait"
    kiosk.world.offset.move(25 * 3600)
    with pytest.raises(Trouble, match="1 of 1"):
        doctor_goods.tasks(kiosk.kit)
