"""`promo`: promo codes, one by one or as a CSV file. The fields: docs/promotions.md."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Mapping
from pathlib import Path

from apps.console.terminal import actor, moment, refusal
from apps.lifetime import begin
from services import promotions
from services.kit import Kit
from services.platform.errors import KioskError

LONGEST_FILE = 16 * 1024 * 1024  # bytes


def main(arguments: list[str]) -> int:
    asked = read(arguments)
    kit = begin("console")
    try:
        return carry_out(kit, asked)
    finally:
        kit.close()


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="promo", description="Promo codes.")
    what = parser.add_subparsers(dest="what", required=True)
    create = what.add_parser("create", help="make a code")
    create.add_argument("code", help="3 to 32 of A-Z, 0-9, - and _; case does not matter")
    create.add_argument("kind", choices=promotions.KINDS)
    create.add_argument("value", help='percent, tokens or days; "100.00 RUB; 50 XTR" for fixed; a tariff for trial')
    create.add_argument("--total", help="how often it may be used by all together (any)")
    create.add_argument("--per-person", help="how often by one person (1)")
    create.add_argument("--from", dest="valid_from", help="2026-12-01 or 2026-12-01T10:00+03:00; else UTC is meant")
    create.add_argument("--until", dest="valid_until", help="the first moment at which it no longer works")
    create.add_argument("--tariffs", help='slugs, "vpn-1m vpn-3m"; else any')
    create.add_argument("--audience", help="all, new or existing")
    create.add_argument("--minimum", help='the smallest order, "500.00 RUB; 250 XTR"')
    create.add_argument("--needs-purchase", help="yes or no; yes for percent and fixed, else no")
    what.add_parser("list", help="show all codes")
    show = what.add_parser("show", help="show a code and how often it was used")
    show.add_argument("code")
    deactivate = what.add_parser("deactivate", help="end a code; open orders keep their price")
    deactivate.add_argument("code")
    from_file = what.add_parser("import", help="make the codes of a CSV file: all, or none")
    from_file.add_argument("file", type=Path)
    to_file = what.add_parser("export", help="write all codes as CSV")
    to_file.add_argument("file", type=Path, nargs="?", help="else to the terminal")
    return parser.parse_args(arguments)


def carry_out(kit: Kit, asked: argparse.Namespace) -> int:
    """Returns the exit code."""
    try:
        match asked.what:
            case "create":
                return _create(kit, asked)
            case "list":
                return _list(kit)
            case "show":
                return _show(kit, asked.code)
            case "deactivate":
                return _deactivate(kit, asked.code)
            case "import":
                return _import(kit, asked.file)
            case _:
                return _export(kit, asked.file)
    except promotions.BadPromo as error:
        print("Nothing was made:")
        for fault in error.faults:
            print(f"  {fault}")
        return 1
    except KioskError as error:
        return refusal(error)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        print(f"{asked.file}: {error}")
        return 1


def _create(kit: Kit, asked: argparse.Namespace) -> int:
    given = {name: value for name in promotions.FIELDS if (value := getattr(asked, name, None)) is not None}
    with kit.db.begin() as tx:
        made = promotions.create(tx, given, actor=actor(), now=kit.clock.now())
    print(f"promo code {made.code} is made")
    return 0


def _list(kit: Kit) -> int:
    with kit.db.begin() as tx:
        known = promotions.standings(tx, kit.clock.now())
    for one in known:
        fields = promotions.written(one.code)
        state = "" if one.code.active else "  ended"
        until = f"  until {moment(one.code.valid_until)}" if one.code.valid_until else ""
        uses = f"{one.used} of {fields['total']} used, {one.reserved} reserved"
        print(f"{one.code.code:32}  {one.code.kind:12}  {fields['value']:16}  {uses}{until}{state}")
    if not known:
        print("no promo codes")
    return 0


def _show(kit: Kit, code: str) -> int:
    with kit.db.begin() as tx:
        one = promotions.standing(tx, code, kit.clock.now())
    for name, value in promotions.written(one.code).items():
        print(f"{name:15} {value or '-'}")
    print(f"{'used':15} {one.used}")
    print(f"{'reserved':15} {one.reserved}")
    return 0


def _deactivate(kit: Kit, code: str) -> int:
    with kit.db.begin() as tx:
        ended = promotions.deactivate(tx, code, actor=actor(), now=kit.clock.now())
    print(f"promo code {ended.code} works no more; open orders keep their price")
    return 0


def _import(kit: Kit, path: Path) -> int:
    if path.stat().st_size > LONGEST_FILE:
        print(f"{path}: more than {LONGEST_FILE} bytes")
        return 1
    lines = _lines(path.read_text(encoding="utf-8-sig"))
    with kit.db.begin() as tx:
        made = promotions.import_codes(tx, lines, actor=actor(), now=kit.clock.now())
    print(f"{len(made)} promo codes are made")
    return 0


def _export(kit: Kit, path: Path | None) -> int:
    with kit.db.begin() as tx:
        known = promotions.standings(tx, kit.clock.now())
    text = io.StringIO()
    writer = csv.DictWriter(text, promotions.FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(promotions.written(one.code) for one in known)
    if path is None:
        print(text.getvalue(), end="")
    else:
        path.write_text(text.getvalue(), encoding="utf-8")
        print(f"{path}: {len(known)} promo codes")
    return 0


def _lines(text: str) -> list[tuple[int, Mapping[str, str]]]:
    """With the number of each record's last line. Raises BadPromo where it is no such table; csv.Error."""
    table = csv.DictReader(io.StringIO(text, newline=""), restkey="more", restval="", strict=True)
    lines: list[tuple[int, Mapping[str, str]]] = []
    faults = []
    if "code" not in (table.fieldnames or ()):
        raise promotions.BadPromo([f"line 1: must name the fields: {','.join(promotions.FIELDS)}"])
    for record in table:
        if "more" in record:
            faults.append(f"line {table.line_num}: has more fields than line 1 names")
        else:
            lines.append((table.line_num, record))
    if faults:
        raise promotions.BadPromo(faults)
    return lines
