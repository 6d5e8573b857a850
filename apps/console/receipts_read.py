"""`receipts read`: what is read from pictures. Needs no database and no settings but TESSDATA_PREFIX."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from services.platform import config
from services.platform.clock import wall_clock
from services.platform.errors import KioskError
from services.receipts import Reading, ocr

FIELDS = ("merchant", "date", "time", "total", "currency", "fiscal_key")
LINE = ("name", "quantity", "price", "sum", "confidence")


def main(arguments: list[str]) -> int:
    """0, or 1 where a picture could not be read; the others are."""
    parser = argparse.ArgumentParser(prog="python -m apps.console receipts read", description=__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="JPEG, PNG, WebP, HEIC or PDF of one page")
    parser.add_argument("--json", action="store_true", help="one object a line for each picture")
    parser.add_argument("--texts", action="store_true", help="with --json: the printed lines of every look, too")
    asked = parser.parse_args(arguments)
    every = True
    with closing(ocr.Reader(tessdata=config.tessdata_prefix())) as reader:
        for path in asked.files:
            told = read_file(reader, path)
            every = every and "refused" not in told
            if asked.json:
                shown = {name: value for name, value in told.items() if asked.texts or name != "texts"}
                print(json.dumps(shown, ensure_ascii=False), flush=True)
            else:
                print(*_table(told), sep="\n", flush=True)
    return 0 if every else 1


def read_file(reader: ocr.Reader, path: Path) -> dict[str, Any]:
    """What was read, as plain values; the reason where it was refused."""
    try:
        reading = reader.read(path.read_bytes(), today=wall_clock().date())
    except OSError as error:
        return _refused(path, type(error).__name__)
    except KioskError as error:
        return _refused(path, str(getattr(error, "reason", error.code)))
    return _told(path, reading)


def _refused(path: Path, reason: str) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(FIELDS)
    return {"file": str(path), **nothing, "lines": [], "tier": "D", "reasons": [reason], "refused": reason}


def _told(path: Path, reading: Reading) -> dict[str, Any]:
    plain = reading.as_json() | {"time": f"{reading.time:%H:%M}" if reading.time else None}
    lines = [{name: line[name] for name in LINE} for line in plain["lines"]]
    rest = {name: value for name, value in plain.items() if name not in (*FIELDS, "lines")}
    return {"file": str(path), **{name: plain[name] for name in FIELDS}, "lines": lines, **rest}


def _table(told: dict[str, Any]) -> list[str]:
    if "refused" in told:
        return [f"{told['file']}: refused, {told['refused']}", ""]
    rows = [told["file"], f"  tier        {told['tier']}  {', '.join(told['reasons'])}"]
    rows += [f"  {name:11} {told[name] if told[name] is not None else '-'}" for name in FIELDS]
    rows += [f"  {line['sum']:>9}  {line['quantity']} x {line['price']}  {line['name']}" for line in told["lines"]]
    return [*rows, f"  read in {told['seconds'].get('all', 0):.1f} s, {told['passes']} looks", ""]
