"""How well and how fast real receipts are read, against a manifest of what is printed on them:
`python -m bench.receipts MANIFEST [FILE ...]`, which prints a table for each picture and one of all.

The manifest is `{"images": [{"file": "...", "expected": {"total": "46.50", "date": "2025-12-01", "items": [{"sum":
"46.50"}]}}]}`, with files beside it; what is null or missing is not compared. Pictures are read as the `ocr-worker`
does, one at a time in a process of its own. Seconds are by the clock, work is that process's CPU time."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from services.platform.errors import KioskError
from services.receipts.facts import Reading
from services.receipts.ocr import Reader


def main(manifest: Path, only: list[str], today: date) -> None:
    images = [one for one in json.loads(manifest.read_text())["images"] if not only or one["file"] in only]
    counts: Counter[str] = Counter()
    seconds: list[float] = []
    work: list[float] = []
    with closing(Reader()) as reader:
        for image in images:
            began = perf_counter()
            try:
                reading = reader.read((manifest.parent / image["file"]).read_bytes(), today=today)
            except KioskError as error:
                print(image["file"], getattr(error, "reason", error.code))
                counts += Counter(pictures=1, refused=1)
                continue
            seconds.append(perf_counter() - began)
            work.append(reading.seconds["work"])
            found = compared(image["expected"], reading)
            counts += found
            print(f"{image['file']:12} {reading.tier} {seconds[-1]:5.1f} s {reading.passes} looks", dict(found))
        peak = reader.peak_megabytes
    print(*table(counts, seconds, work, peak), sep="\n")


def compared(expected: dict[str, Any], reading: Reading) -> Counter[str]:
    right = {name: str(getattr(reading, name)) == expected[name] for name in ("total", "date") if expected.get(name)}
    sure = reading.tier in ("A", "B", "C")
    found = Counter(pictures=1, trusted=int(sure), trusted_right=int(sure and all(right.values())))
    for name, is_right in right.items():
        found += Counter({f"{name}s": 1, f"{name}s_right": int(is_right)})
    if expected.get("items"):
        printed = Counter(item["sum"] for item in expected["items"])
        read = Counter(str(line.sum) for line in reading.lines)
        found += Counter(lines=printed.total(), lines_right=(printed & read).total(), invented=(read - printed).total())
    return found


def table(counts: Counter[str], seconds: list[float], work: list[float], peak: int) -> list[str]:
    def part(some: str, of: str) -> str:
        return f"{counts[some]} of {counts[of]} ({100 * counts[some] / counts[of]:.0f} %)" if counts[of] else "-"

    def spread(values: list[float]) -> str:
        ordered = sorted(values)
        return (
            f"{statistics.median(ordered):.1f} s, {ordered[-(-9 * len(ordered) // 10) - 1]:.1f} s" if ordered else "-"
        )

    rows = [
        ("totals right", part("totals_right", "totals")),
        ("dates right", part("dates_right", "dates")),
        ("sums of lines right", part("lines_right", "lines")),
        ("lines that are not printed", part("invented", "lines")),
        ("trusted (tiers A to C)", part("trusted", "pictures")),
        ("of these right in total and date", part("trusted_right", "trusted")),
        ("seconds a picture, median and P90", spread(seconds)),
        ("work a picture, median and P90", spread(work)),
        ("most memory of the process that reads", f"{peak} MB"),
        ("load average afterwards", f"{os.getloadavg()[0]:.1f}"),
    ]
    return ["", "| receipts | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:], date.today())  # noqa: DTZ011 - receipts of today are read, wherever that is
