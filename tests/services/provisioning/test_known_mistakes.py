"""The page of known mistakes names a test for each, and each of those is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROWS = re.findall(r"^\| (\d+) \|.*\| (.+) \|$", (ROOT / "docs/access/known-mistakes.md").read_text(), re.MULTILINE)


def test_every_known_mistake_has_its_tests() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 26))
    named = {name for _, tests in ROWS for name in re.findall(r"`(\w+)`", tests)}
    there = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert named <= there, named - there
    assert all(re.search(r"`test_\w+`", tests) for _, tests in ROWS)


def test_every_test_of_a_mistake_has_its_number_on_the_page() -> None:
    numbers = {
        int(number)
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"def test_mistake_(\d+)", path.read_text())
    }
    assert numbers <= {int(number) for number, _ in ROWS}
