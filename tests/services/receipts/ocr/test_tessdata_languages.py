"""Where the engine's files are, and in which languages another look is worth its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.receipts.ocr import languages
from services.receipts.ocr.base import LANGUAGES, Look, Word
from services.receipts.ocr.languages import find_languages, likely_languages


def put(place: Path, *names: str) -> Path:
    place.mkdir(parents=True)
    for name in names:
        (place / f"{name}.traineddata").touch()
    return place


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Not this machine's own places."""
    monkeypatch.setattr(languages, "PLACES", (f"{tmp_path}/heroku/*/tessdata", f"{tmp_path}/debian/*/tessdata"))
    return tmp_path


def test_what_the_operator_names_comes_first(elsewhere: Path) -> None:
    put(elsewhere / "debian/5/tessdata", *LANGUAGES)
    own = put(elsewhere / "own/tessdata", *LANGUAGES, "osd")
    assert find_languages(str(own)).path == own
    found = find_languages(str(own.parent))
    assert (found.path, found.orientation, found.missing) == (own, True, ())


def test_heroku_before_debian_and_all_languages_before_some(elsewhere: Path) -> None:
    debian = put(elsewhere / "debian/5/tessdata", *LANGUAGES)
    heroku = put(elsewhere / "heroku/4.00/tessdata", "eng")
    assert find_languages().path == debian
    for name in ("ukr", "rus"):
        (heroku / f"{name}.traineddata").touch()
    assert find_languages().path == heroku


def test_some_languages_are_better_than_none(elsewhere: Path) -> None:
    put(elsewhere / "debian/5/tessdata", "eng")
    found = find_languages(str(elsewhere / "nowhere"))
    assert (found.names, found.missing) == (("eng",), ("ukr", "rus"))


def test_none_at_all(elsewhere: Path) -> None:
    put(elsewhere / "debian/5/tessdata", "osd")
    found = find_languages()
    assert (found.path, found.names, found.missing) == (None, (), LANGUAGES)


@pytest.mark.parametrize(
    ("printed", "likely"),
    [
        ("Смачний хліб із цільного зерна, їжа для всієї родини, Київ, Україна, вулиця Лесі Українки", ("ukr", "eng")),
        (
            "Молоко сгущённое, сыр российский, яйцо куриное, итог, спасибо за покупку, мы рады вам: конфеты и сыры",
            ("rus", "eng"),
        ),
        ("Milk, bread and butter from the market around the corner; thank you for shopping with us", ("eng",)),
        ("Сума 10.00", LANGUAGES),  # too little to tell
        ("магазин продукти каса чек адреса вулиця номер касир хлопець молоко кефир масло хлеб вода", LANGUAGES),
    ],
)
def test_languages_are_told_by_their_letters(printed: str, likely: tuple[str, ...]) -> None:
    words = tuple(Word(text, 0, 0, 1, 1, 90.0) for text in printed.split())
    assert likely_languages(Look("straight", (printed,), words, 90.0)) == likely


def test_what_is_not_sure_tells_no_language() -> None:
    words = tuple(Word("поганенько", 0, 0, 1, 1, 30.0) for _ in range(20))
    assert likely_languages(Look("straight", (), words, 30.0)) == LANGUAGES
