"""How well receipts are read that are turned, blurred, noisy, shaded, faded, small, cut or creased: drawn ones, whose
contents are known.

Each row is one harm done to three receipts of each layout (two of Ukraine, Russia, Germany, Malaysia), without a fiscal
code: totals, dates and sums of lines that are right, lines that are not printed, what was trusted (tier C) and how much
of that was right. Takes about 20 minutes: it is run by itself, `python -m bench.receipts_drawn [SEED ...]`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from time import perf_counter

from PIL import Image

from services.receipts.facts import Reading
from services.receipts.ocr.languages import find_languages
from services.receipts.ocr.read import read
from services.receipts.ocr.tesseract import Tesseract
from tests.drawn_receipts import HARM, draw, saved
from tests.printed_receipts import LAYOUTS, Truth, make

TODAY = date(2027, 1, 1)
SEEDS = (11, 12, 13)
HEADINGS = ("harm", "totals", "dates", "sums of lines", "invented", "trusted", "of these right", "s each")


def main(seeds: Sequence[int]) -> None:
    languages = find_languages(None)
    if languages.path is None:
        raise SystemExit("no language files for the engine: apt-get install tesseract-ocr-ukr tesseract-ocr-rus")
    engine = Tesseract(languages)
    print("| " + " | ".join(HEADINGS) + " |\n|---" + "|---:" * (len(HEADINGS) - 1) + "|")
    whole: Counter[str] = Counter()
    for name, change in harms():
        counts: Counter[str] = Counter()
        began = perf_counter()
        for layout in LAYOUTS:
            for seed in seeds:
                truth = make(layout, seed)
                counts += compared(truth, read(saved(change(draw(truth))), engine, TODAY))
        print(_row(name, counts, perf_counter() - began), flush=True)
        whole += counts
    print(_row("**all**", whole, None))


def harms() -> Iterator[tuple[str, Callable[[Image.Image], Image.Image]]]:
    yield "none", lambda picture: picture
    for name, (change, degrees) in HARM.items():
        for degree in degrees:
            yield f"{name}: {degree}", lambda picture, change=change, degree=degree: change(picture, degree)


def compared(truth: Truth, reading: Reading) -> Counter[str]:
    """Counts of what is right; Counter's `+` drops zeros, which does no harm."""
    printed = Counter(one.sum for one in truth.bought)
    found = Counter(line.sum for line in reading.lines)
    is_right = reading.total == truth.total and reading.date == truth.date
    return Counter(
        receipts=1,
        totals=int(reading.total == truth.total),
        dates=int(reading.date == truth.date),
        printed=printed.total(),
        found=(printed & found).total(),
        invented=(found - printed).total(),
        trusted=int(reading.tier == "C"),
        right=int(reading.tier == "C" and is_right),
    )


def _row(name: str, counts: Counter[str], seconds: float | None) -> str:
    def part(some: str, of: str) -> str:
        return f"{100 * counts[some] / counts[of]:.0f} %" if counts[of] else "-"

    cells = [
        name,
        part("totals", "receipts"),
        part("dates", "receipts"),
        part("found", "printed"),
        part("invented", "printed"),
        part("trusted", "receipts"),
        part("right", "trusted"),
        f"{seconds / counts['receipts']:.1f}" if seconds is not None else "",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or SEEDS)
