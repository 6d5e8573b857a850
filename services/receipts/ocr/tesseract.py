"""Tesseract 5 by tesserocr, which brings the library; the language files come from the system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tesserocr
from PIL import Image

from services.receipts.ocr.base import Look, Word
from services.receipts.ocr.languages import Languages

TURNS = {0: 0, 1: 90, 2: 180, 3: 270}  # tesseract's Orientation: page up, right, down, left

KEPT = 2  # models in memory: each has 20 to 40 MB, and is loaded within 0.3 s


class Tesseract:
    """An Engine. Models are kept for the sets of languages asked for; not for several threads."""

    def __init__(self, languages: Languages) -> None:
        assert languages.path, "find_languages found none"
        self._languages = languages
        self._path = f"{languages.path}/"
        self._models: dict[str, tesserocr.PyTessBaseAPI] = {}

    def read(self, image: Image.Image, languages: Sequence[str]) -> Look:
        wanted = [name for name in languages if name in self._languages.names] or list(self._languages.names)
        model = self._model("+".join(wanted), tesserocr.PSM.SINGLE_COLUMN)
        model.SetImage(image)
        try:
            table = model.GetTSVText(0)
        finally:
            model.Clear()
        return _look(table)

    def orientation(self, image: Image.Image) -> int:
        if not self._languages.orientation:
            return 0
        model = self._model("osd", tesserocr.PSM.OSD_ONLY)
        model.SetImage(image)
        try:
            found = model.DetectOS()
        finally:
            model.Clear()
        return TURNS.get(found["orientation"], 0) if found else 0

    def _model(self, name: str, mode: int) -> tesserocr.PyTessBaseAPI:
        if name not in self._models:
            if len(self._models) >= KEPT:  # the first is asked for with every picture
                self._models.pop(list(self._models)[-1]).End()
            self._models[name] = tesserocr.PyTessBaseAPI(
                path=self._path, lang=name, psm=mode, oem=tesserocr.OEM.LSTM_ONLY
            )
        return self._models[name]


def _look(table: str) -> Look:
    lines: list[str] = []
    words: list[Word] = []
    for line in _lines(table):
        lines.append(" ".join(word.text for word in line))
        words.extend(line)
    mean = sum(word.confidence for word in words) / len(words) if words else 0.0
    return Look("", tuple(lines), tuple(words), mean)


def _lines(table: str) -> Iterator[list[Word]]:
    """Tesseract's TSV: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    last: list[str] | None = None
    line: list[Word] = []
    for row in table.splitlines():
        cells = row.split("\t", 11)
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        if cells[1:5] != last and line:
            yield line
            line = []
        last = cells[1:5]
        line.append(Word(cells[11].strip(), left, top, left + width, top + height, float(cells[10])))
    if line:
        yield line
