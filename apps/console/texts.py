"""The texts people see, between the code and the translators: `python -m apps.console texts update|compile|check`.

English stands in the code (`_("Hello, {name}!", ...)`) and is the key. `update` carries new texts into the .po file
of each language, where they are translated by hand; `compile` makes the .mo files that the processes read. Both kinds
are committed, so that nothing has to be built on the way to production."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from services.platform.i18n import LANGUAGES, LOCALES

ROOT = Path(__file__).parents[2]
SOURCES = ("apps/bot", "apps/web/pages", "services/notifications", "services/platform")
KEYWORDS = {"_": None, "say": None, "label": None, "n": (1, 2)}  # how code asks a Language; None is the first argument
SOURCE_LANGUAGE = "en"
HEADER = "# Texts people see. Kept up to date by `python -m apps.console texts update`; translated by hand."
TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")


def extract_and_update() -> None:
    """Brings every .po file in line with the code: new texts come empty (English ones filled in), unused ones go."""
    template = _template()
    for code in LANGUAGES:
        catalog = _read(code)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalog.obsolete.clear()
        if code == SOURCE_LANGUAGE:
            for message in _messages(catalog):
                message.string = message.id
        path = _path(code, "po")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=100, sort_by_file=True, include_lineno=False)


def compile_all() -> None:
    for code in LANGUAGES:
        _path(code, "mo").write_bytes(_compiled(_read(code)))


def check() -> list[str]:
    """One line for each fault: text or translation missing, fuzzy, unused or damaged, and .mo files behind .po."""
    used = {message.id for message in _messages(_template())}
    faults = []
    for code in LANGUAGES:
        catalog = _read(code)
        translated = {message.id: message for message in _messages(catalog)}
        faults += [f"{code}: not in the catalog: {_name(text)}" for text in sorted(used - translated.keys(), key=str)]
        faults += [f"{code}: no longer used: {_name(text)}" for text in sorted(translated.keys() - used, key=str)]
        for message in translated.values():
            faults += [f"{code}: {fault}: {_name(message.id)}" for fault in _faults(message, catalog.num_plurals)]
        mo = _path(code, "mo")
        if not mo.exists() or _strings(mo.read_bytes()) != _strings(_compiled(catalog)):
            faults.append(f"{code}: the .mo file is not what its .po file says: run `texts compile`")
    return faults


def main(argv: Sequence[str]) -> int:
    match list(argv):
        case ["update"]:
            extract_and_update()
            return 0
        case ["compile"]:
            compile_all()
            return 0
        case ["check"]:
            faults = check()
            print("\n".join(faults) or "All texts are translated.")
            return 1 if faults else 0
        case _:
            print("usage: python -m apps.console texts update|compile|check")
            return 2


def _template() -> Catalog:
    """All texts of the code."""
    template = Catalog()
    for source in SOURCES:
        for name, _line, text, _comments, _context in extract_from_dir(ROOT / source, keywords=KEYWORDS):
            template.add(text, locations=[(f"{source}/{name}", 0)])
    return template


def _read(code: str) -> Catalog:
    path = _path(code, "po")
    if not path.exists():
        return Catalog(locale=code, project="Kiosk", version="1", header_comment=HEADER, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def _compiled(catalog: Catalog) -> bytes:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()


def _strings(mo: bytes) -> list[tuple[object, object]]:
    return sorted(((message.id, message.string) for message in _messages(read_mo(BytesIO(mo)))), key=str)


def _messages(catalog: Catalog) -> Iterator[Message]:
    """Without the header, whose id is empty."""
    return (message for message in catalog if message.id)


def _faults(message: Message, plurals: int) -> Iterator[str]:
    given = message.string if isinstance(message.string, list | tuple) else (message.string,)
    forms = [form for form in given if form]
    if len(forms) < len(given) or (message.pluralizable and len(forms) != plurals):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    original = message.id[-1] if isinstance(message.id, list | tuple) else message.id
    for form in forms:
        if _placeholders(form) != _placeholders(original):
            yield "other {placeholders}"
        if _tags(form) != _tags(original) or not _balanced(form):
            yield "other or unbalanced <tags>"


def _placeholders(text: str) -> set[str | None] | None:
    """Names in braces; None for text that str.format would refuse."""
    try:
        return {field for _literal, field, _spec, _conversion in Formatter().parse(text)} - {None}
    except ValueError:
        return None


def _tags(text: str) -> list[str]:
    return sorted(tag.group() for tag in TAG.finditer(text))


def _balanced(text: str) -> bool:
    opened: list[str] = []
    for tag in TAG.finditer(text):
        if not tag[1]:
            opened.append(tag[2])
        elif not opened or opened.pop() != tag[2]:
            return False
    return not opened


def _name(text: object) -> str:
    return repr(text[0] if isinstance(text, tuple | list) else text)


def _path(code: str, kind: str) -> Path:
    return LOCALES / code / "LC_MESSAGES" / f"kiosk.{kind}"
