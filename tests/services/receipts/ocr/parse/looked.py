"""Looks at text, as the engine would give them."""

from __future__ import annotations

from datetime import date

from services.receipts.ocr.base import Look, PictureFacts
from services.receipts.ocr.parse import Parsed, parse

TODAY = date(2026, 11, 20)
PICTURE = PictureFacts(width=960, height=1280, kind="JPEG")


def look(*lines: str, name: str = "straight") -> Look:
    return Look(name, tuple(" ".join(line.split()) for line in lines if line.strip()), (), 80.0)


def text(whole: str) -> list[str]:
    return whole.strip().splitlines()


def read_once(whole: str) -> Parsed:
    return parse([look(*text(whole))], TODAY)


def read_twice(whole: str, again: str | None = None) -> Parsed:
    return parse([look(*text(whole)), look(*text(again or whole), name="fine")], TODAY)
