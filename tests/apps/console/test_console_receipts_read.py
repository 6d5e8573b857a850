"""`receipts read`, without a database or a setting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.console import receipts_read
from services.receipts import ocr
from tests.drawn_receipts import FONT, draw, saved
from tests.printed_receipts import make

KEYS = ["file", "merchant", "date", "time", "total", "currency", "fiscal_key", "lines", "tier", "reasons"]
TRUTH = make("ua", 5)
pytestmark = pytest.mark.skipif(FONT is None, reason="no font with Cyrillic letters to draw receipts with")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One that is no picture, one that is none at all, and a receipt; codes alone are read, which is quick."""
    monkeypatch.setattr(receipts_read.ocr, "Reader", lambda **_: ocr.process.Reader(engine=False))
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    (tmp_path / "receipt.jpg").write_bytes(saved(draw(TRUTH, code=True)))
    return [str(tmp_path / name) for name in ("text.jpg", "missing.jpg", "receipt.jpg")]


def test_one_object_a_line_and_what_is_refused_stops_nothing(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert receipts_read.main([*files, "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["file"] for one in told] == files
    assert all(list(one)[: len(KEYS)] == KEYS for one in told)
    assert [one["reasons"][0] for one in told] == ["not_a_picture", "FileNotFoundError", "no_engine"]
    read = told[2]
    assert (read["total"], read["date"]) == (str(TRUTH.total), TRUTH.date.isoformat())
    assert read["currency"] == "UAH"
    assert read["fiscal_key"].startswith("ua:")
    assert "texts" not in read


def test_a_table_for_people(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert receipts_read.main(files) == 1
    shown = capsys.readouterr().out
    assert f"{files[0]}: refused, not_a_picture" in shown
    assert f"total       {TRUTH.total}" in shown
