"""A picture into facts: codes first, then as many looks at the print as it takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from time import perf_counter, process_time

from PIL import Image

from services.receipts.facts import FiscalCode, Reading
from services.receipts.ocr.base import LANGUAGES, Engine, Look, PictureFacts
from services.receipts.ocr.codes import fiscal_codes, read_codes
from services.receipts.ocr.fingerprint import fingerprint
from services.receipts.ocr.orientation import Upright, upright
from services.receipts.ocr.parse import Parsed, parse
from services.receipts.ocr.pictures import open_picture
from services.receipts.ocr.prepare import CHAINS
from services.receipts.ocr.tiers import weigh

FEWEST = 2  # looks, unless the first and a code agree: one alone confirms nothing
UNHURRIED = 3.8  # seconds of work after which no further look is begun; a busy machine makes none fewer


class Stages:
    """Seconds by stage, and when to stop beginning new ones."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began, self._worked = perf_counter(), process_time()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began

    def so_far(self) -> float:
        return perf_counter() - self._began

    def totals(self) -> dict[str, float]:
        return {"all": round(self.so_far(), 3), "work": round(process_time() - self._worked, 3)}

    def hurried(self) -> bool:
        return process_time() - self._worked > UNHURRIED


def read(picture: bytes, engine: Engine | None, today: date) -> Reading:
    """`today` is the shop's. Without an engine only codes are read. Raises PictureRefused."""
    times = Stages()
    with times.stage("open"):
        opened = open_picture(picture)
    with times.stage("codes"):
        codes = fiscal_codes(read_codes(opened.image))
    facts = dataclasses.replace(opened.facts, several=len(codes) > 1)
    code = codes[0] if codes else None
    if engine is None:
        reading = _code_alone(code, facts, today)
        canonical: Image.Image = opened.image
        looks: Sequence[Look] = ()
    else:
        stood = _upright(opened.image, engine, times)
        canonical = stood.image
        reading, looks = _looked(stood, engine, code, facts, today, times)
    with times.stage("fingerprint"):
        picture_hash = fingerprint(canonical)
    seconds = {name: round(spent, 3) for name, spent in times.seconds.items()} | times.totals()
    return dataclasses.replace(reading, picture_hash=picture_hash, passes=len(looks), seconds=seconds)


def _upright(image: Image.Image, engine: Engine, times: Stages) -> Upright:
    with times.stage("upright"):
        return upright(image, engine)


def _looked(
    stood: Upright, engine: Engine, code: FiscalCode | None, facts: PictureFacts, today: date, times: Stages
) -> tuple[Reading, Sequence[Look]]:
    looks = [stood.look]
    parsed, reading = _weighed(looks, code, facts, today, times)
    for name, prepare in CHAINS.items():
        if name == stood.look.name:
            continue
        if _enough(parsed, reading) or (len(looks) >= FEWEST and times.hurried()):
            break
        with times.stage("prepare"):
            prepared = prepare(stood.image)
        with times.stage("print"):
            lacks = reading.date is None or reading.total is None
            looks.append(dataclasses.replace(engine.read(prepared, LANGUAGES if lacks else stood.languages), name=name))
        parsed, reading = _weighed(looks, code, facts, today, times)
    return reading, looks


def _weighed(
    looks: Sequence[Look], code: FiscalCode | None, facts: PictureFacts, today: date, times: Stages
) -> tuple[Parsed, Reading]:
    with times.stage("parse"):
        parsed = parse(looks, today)
        return parsed, weigh(parsed, code, facts, looks, today)


def _enough(parsed: Parsed, reading: Reading) -> bool:
    """Another look has nothing to add: the total is sure by a code or by two looks, and what was bought adds up to
    it."""
    sure = reading.tier == "B" or (parsed.looks >= 2 and parsed.date_looks >= 2 and bool(parsed.proofs))
    return sure and bool(reading.lines) and sum(line.sum for line in reading.lines) == reading.total


def _code_alone(code: FiscalCode | None, facts: PictureFacts, today: date) -> Reading:
    reading = weigh(parse((), today), code, facts, (), today)
    return dataclasses.replace(reading, tier="D", reasons=tuple(dict.fromkeys(("no_engine", *reading.reasons))))
