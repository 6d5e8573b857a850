"""The process that reads: what dies, hangs or swells in it costs one picture; it knows no secrets."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import psutil
import pytest

from services.platform.config import bare_environment
from services.receipts.ocr import EngineFailed, PictureRefused, Reader, ReaderBusy
from tests.drawn_receipts import FONT, draw, saved
from tests.printed_receipts import make

TODAY = date(2027, 1, 1)
TRUTH = make("ua", 5)
pytestmark = pytest.mark.skipif(FONT is None, reason="no font with Cyrillic letters to draw receipts with")


@pytest.fixture(scope="module")
def picture() -> bytes:
    return saved(draw(TRUTH, code=True))


@pytest.fixture(scope="module")
def codes_only() -> Iterator[Reader]:
    """Without language files: quick, and the same process otherwise."""
    with closing(Reader(engine=False)) as reader:
        yield reader


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "services.receipts.ocr.child" in one.cmdline()]


def child() -> psutil.Process:
    (found,) = children()
    return found


def test_codes_are_read_without_language_files(codes_only: Reader, picture: bytes) -> None:
    reading = codes_only.read(picture, today=TODAY)
    assert (reading.tier, reading.total, reading.date) == ("D", TRUTH.total, TRUTH.date)
    assert "no_engine" in reading.reasons
    assert reading.picture_hash
    assert len(reading.picture_hash) == 64


def test_a_refusal_comes_through_and_the_process_stays(codes_only: Reader, picture: bytes) -> None:
    codes_only.read(picture, today=TODAY)
    before = child().pid
    with pytest.raises(PictureRefused) as refused:
        codes_only.read(b"no picture", today=TODAY)
    assert refused.value.reason == "not_a_picture"
    assert child().pid == before


def test_it_knows_no_secret_and_stands_behind_others(
    codes_only: Reader, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_SECRET", "sealed-with-this")
    assert "sealed-with-this" not in bare_environment().values()
    codes_only.close()
    codes_only.read(picture, today=TODAY)
    seen = child()
    assert "ENCRYPTION_SECRET" not in seen.environ()
    assert seen.nice() > psutil.Process().nice()
    assert seen.rlimit(psutil.RLIMIT_AS)[0] < 2 << 30


def test_a_killed_process_costs_one_picture(codes_only: Reader, picture: bytes) -> None:
    codes_only.read(picture, today=TODAY)
    first = child()
    first.kill()
    first.wait()
    with pytest.raises(EngineFailed) as failed:
        codes_only.read(picture, today=TODAY)
    assert failed.value.after is None
    assert codes_only.read(picture, today=TODAY).total == TRUTH.total


def test_a_process_that_takes_too_long_is_ended(picture: bytes) -> None:
    before = children()
    with closing(Reader(engine=False, seconds=0.1)) as reader:
        with pytest.raises(EngineFailed):  # it cannot even start so soon
            reader.read(picture, today=TODAY)
        assert children() == before


def test_while_it_reads_others_are_told_to_come_again(codes_only: Reader, picture: bytes) -> None:
    codes_only.read(picture, today=TODAY)
    stopped = child()
    stopped.suspend()
    first = threading.Thread(target=lambda: codes_only.read(picture, today=TODAY))
    first.start()
    try:
        while not codes_only._turn.locked():
            pass
        with pytest.raises(ReaderBusy) as busy:
            codes_only.read(picture, today=TODAY)
        assert busy.value.after
    finally:
        stopped.resume()
        first.join()


def test_it_is_replaced_after_so_many_pictures(picture: bytes) -> None:
    before = children()
    with closing(Reader(engine=False, pictures=1)) as reader:
        assert reader.read(picture, today=TODAY).total == TRUTH.total
        assert children() == before


def test_the_parent_pays_for_nothing_heavy() -> None:
    heavy = "cv2", "numpy", "PIL", "tesserocr", "zxingcpp"
    code = f"import sys, services.receipts.ocr; print([one for one in {heavy} if one in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
