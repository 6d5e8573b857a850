"""The file of keys that an operator imports: CSV (RFC 4180) in UTF-8, of one column, or with a header that names the
column `key`. Faults name lines, never what stands in them."""

from __future__ import annotations

import csv
import io
from typing import ClassVar

from services.platform.errors import Invalid

MOST = 200_000  # keys of one file
LONGEST_KEY = 500  # characters
LARGEST = MOST * 200  # bytes: far above what keys are like


class BadKeys(Invalid):
    """`faults` says what is wrong with which line; nothing was imported."""

    code: ClassVar[str] = "bad_keys"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_keys(data: bytes) -> list[tuple[int, str]]:
    """The keys with their lines. Spaces around a key do not belong to it. Raises BadKeys."""
    records = _records(_text(data))
    header = [cell.lower() for cell in records[0][1]] if records else []
    column = header.index("key") if "key" in header else None
    keys, faults = [], []
    for line, cells in records if column is None else records[1:]:
        if column is None and len(cells) != 1:
            faults.append(f"line {line}: has {len(cells)} columns, and no header says which of them is the key")
        elif column is not None and len(cells) <= column:
            faults.append(f"line {line}: has no column {column + 1}")
        elif fault := _fault(key := cells[column or 0]):
            faults.append(f"line {line}: {fault}")
        else:
            keys.append((line, key))
    if not keys and not faults:
        faults.append("there is no key in the file")
    if len(keys) > MOST:
        faults.append(f"there are {len(keys)} keys in the file, and at most {MOST} are imported at once: split it")
    if faults:
        raise BadKeys(faults)
    return keys


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise BadKeys([f"the file has more than {LARGEST // 10**6} MB: split it"])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadKeys(["the file is UTF-16: save it as CSV in UTF-8"])
    if b"\0" in data:
        raise BadKeys(["the file is not text: save it as CSV in UTF-8"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadKeys([f"line {line}: is not UTF-8: save the file as CSV in UTF-8"]) from None


def _records(text: str) -> list[tuple[int, list[str]]]:
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        stripped = [(table.line_num, [cell.strip() for cell in cells]) for cells in table]
    except csv.Error:
        raise BadKeys([f"line {table.line_num}: is not CSV: a quote is open, or stands in the middle"]) from None
    return [(line, cells) for line, cells in stripped if any(cells)]


def _fault(key: str) -> str | None:
    if not key:
        return "has no key"
    if len(key) > LONGEST_KEY:
        return f"has a key of more than {LONGEST_KEY} characters"
    return None if key.isprintable() else "has a key with characters that cannot be seen"
