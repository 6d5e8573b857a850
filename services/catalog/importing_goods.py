"""The [[good]] sections of the catalogue file. See docs/catalogue.md for their form."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from services.catalog.good_options import ONE_OF, OPTIONS, REQUIRED, WORD
from services.platform.i18n import LANGUAGES

LONGEST_TITLE = 60
COMMON = {"name", "kind", "title"}


def read_goods(document: dict[str, Any], faults: list[str]) -> list[dict[str, Any]]:
    """What the file says of goods, as rows; every fault is added to `faults`."""
    given = document.get("good", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        faults.append("good: must be written [[good]]")
        return []
    rows = [_read(one, f"good {one.get('name', number)!r}", faults) for number, one in enumerate(given)]
    names = [row["name"] for row in rows if isinstance(row["name"], str)]
    faults += [f"good {name!r}: given twice" for name in sorted({name for name in names if names.count(name) > 1})]
    return rows


def _read(given: dict[str, Any], where: str, faults: list[str]) -> dict[str, Any]:
    name, kind, title = given.get("name"), given.get("kind"), given.get("title", {})
    options = {field: value for field, value in given.items() if field not in COMMON}
    if not isinstance(name, str) or not WORD.fullmatch(name):
        faults.append(f"{where}: name must be 1 to 31 of a-z, 0-9 and -, beginning with a letter")
    elif name in OPTIONS and name != kind:
        faults.append(f"{where}: name is that of another kind")
    if not isinstance(title, dict) or not set(title) <= set(LANGUAGES) or not all(map(_is_title, title.values())):
        faults.append(f"{where}: title must be texts of {LONGEST_TITLE} characters by language")
    if not isinstance(kind, str) or kind not in OPTIONS:
        faults.append(f"{where}: kind must be one of {', '.join(sorted(OPTIONS))}")
    else:
        faults += _faults_of(options, kind, where)
    return {"name": name, "kind": kind, "title": title, "options": options}


def _faults_of(options: dict[str, Any], kind: str, where: str) -> list[str]:
    known = OPTIONS[kind]
    faults = [f"{where}: {field} is not known to {kind}" for field in sorted(set(options) - set(known))]
    faults += [f"{where}: {field} is missing" for field in sorted(REQUIRED.get(kind, frozenset()) - set(options))]
    if kind in ONE_OF and len(ONE_OF[kind] & set(options)) != 1:
        faults.append(f"{where}: exactly one of {', '.join(sorted(ONE_OF[kind]))} must be given")
    for field in sorted(set(options) & set(known)):
        if not known[field](options[field]):
            faults.append(f"{where}: {field} has a value that {kind} does not take")
    return faults


def _is_title(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= LONGEST_TITLE


def unknown_of(access: Collection[str], names: Collection[str]) -> list[str]:
    """The words of a tariff's `access` that neither name a good nor a kind which needs no good."""
    alone = {kind for kind in OPTIONS if not REQUIRED.get(kind) and kind not in ONE_OF}
    return [word for word in access if word not in names and word not in alone]
