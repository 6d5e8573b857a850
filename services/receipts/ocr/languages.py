"""Where the engine's language files are, and which of them. Nothing here needs the engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.receipts.ocr.base import LANGUAGES, Look

# Heroku's apt buildpack installs below /app/.apt; Debian and Ubuntu, and others, below /usr/share.
PLACES = (
    "/app/.apt/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
    "/usr/share/tessdata",
)


@dataclass(frozen=True, slots=True)
class Languages:
    """`path` is the directory, `names` which of ukr, rus, eng it has, `missing` which not. `orientation` says whether
    it has the file that tells which way a picture stands."""

    path: Path | None
    names: tuple[str, ...] = ()
    orientation: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in LANGUAGES if name not in self.names)


def find_languages(prefix: str | None = None) -> Languages:
    """`prefix` is TESSDATA_PREFIX: the directory or the one above it, and is looked at first. Of all places the one
    with the most languages, the first of equals; none of them where no print can be read: only codes then, and
    people."""
    found = [_at(path) for path in _places(prefix)]
    best = max(found, key=lambda one: len(one.names), default=Languages(None))
    return best if best.names else Languages(None)


def likely_languages(look: Look) -> tuple[str, ...]:
    """In which languages another look is worth its time: each that is asked for in vain costs as much again."""
    sure = "".join(word.text for word in look.words if word.confidence >= 80 and len(word.text) >= 4).lower()
    cyrillic = sum("а" <= letter <= "ґ" for letter in sure)
    latin = sum("a" <= letter <= "z" for letter in sure)
    if latin >= 12 and cyrillic < 0.35 * latin:
        return ("eng",)
    if cyrillic < 30:
        return LANGUAGES
    ukrainian, russian = (sum(map(sure.count, letters)) for letters in ("іїєґ", "ыэъё"))
    if ukrainian > 4 * russian + 3:
        return ("ukr", "eng")
    return ("rus", "eng") if russian > 4 * ukrainian + 3 else LANGUAGES


def _places(prefix: str | None) -> list[Path]:
    own = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    known = [path for pattern in PLACES for path in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)]
    return own + known


def _at(path: Path) -> Languages:
    names = tuple(name for name in LANGUAGES if (path / f"{name}.traineddata").is_file())
    return Languages(path, names, orientation=(path / "osd.traineddata").is_file())
