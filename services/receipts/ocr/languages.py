"""Where Tesseract's language files are, and which."""

from __future__ import annotations

from pathlib import Path

WANTED = ("ukr", "rus", "eng")
# Heroku's apt buildpack unpacks below /app/.apt; Debian's packages below /usr/share.
PLACES = ("/app/.apt/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tessdata")


def tessdata(given: str | None = None) -> Path | None:
    """The folder with the most of the wanted files: `given` (TESSDATA_PREFIX) before the usual places. None when no
    folder has any."""
    folders = [Path(given), Path(given) / "tessdata"] if given else []
    for pattern in PLACES:
        root, _, rest = pattern.partition("*")
        folders += sorted(Path(root).glob(f"*{rest}"), reverse=True) if rest else [Path(root)]
    having = [folder for folder in folders if languages(folder)]
    return max(having, key=lambda folder: len(languages(folder)), default=None)


def languages(folder: Path) -> list[str]:
    """Of WANTED, those that are there."""
    return [name for name in WANTED if (folder / f"{name}.traineddata").is_file()]
