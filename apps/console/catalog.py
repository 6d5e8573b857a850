"""`catalog import FILE`: puts a catalogue file on sale. The form of the file: docs/catalogue.md."""

from __future__ import annotations

from pathlib import Path

from apps.lifetime import begin
from services import catalog


def main(arguments: list[str]) -> int:
    match arguments:
        case ["import", name]:
            return _import(Path(name))
        case _:
            print("catalog import FILE")
            return 2


def _import(path: Path) -> int:
    try:
        toml = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path}: {error}")
        return 1
    kit = begin("console")
    try:
        with kit.db.begin() as tx:
            report = catalog.import_catalogue(tx, toml, kit.clock.now())
    except catalog.BadCatalogue as error:
        print(f"{path}: nothing was imported")
        for fault in error.faults:
            print(f"  {fault}")
        return 1
    finally:
        kit.close()
    for what in ("added", "changed", "same", "untouched"):
        if slugs := getattr(report, what):
            print(f"{what:10} {', '.join(slugs)}")
    return 0
