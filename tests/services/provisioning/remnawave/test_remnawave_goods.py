"""Goods of the kind "remnawave" in the catalogue file."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services import catalog

TARIFF = """
[[tariff]]
slug = "panel-1m"
product = "panel"
name = {ru = "П", uk = "П", en = "P"}
description = {ru = "П", uk = "П", en = "P"}
prices = {RUB = "300.00"}
period = {months = 1}
access = ["%s"]
"""


def good(fields: str) -> str:
    return f'[[good]]\nname = "premium"\nkind = "remnawave"\n{fields}\n' + TARIFF % "premium"


def test_without_a_description_it_is_given_as_configured(tx: Session, now: datetime) -> None:
    catalog.import_catalogue(tx, TARIFF % "remnawave", now)
    assert catalog.good(tx, "remnawave").kind == "remnawave"


def test_a_good_names_its_squads_and_its_panel(tx: Session, now: datetime) -> None:
    catalog.import_catalogue(tx, good('squads = ["A", "B"]\npanel = "fin"'), now)
    assert catalog.good(tx, "premium").options == {"squads": ["A", "B"], "panel": "fin"}


@pytest.mark.parametrize("fields", ['squads = "A"', "squads = []", 'squads = [""]', "panel = 5", 'squad = "A"'])
def test_what_no_panel_takes_is_refused(tx: Session, now: datetime, fields: str) -> None:
    with pytest.raises(catalog.BadCatalogue, match="premium"):
        catalog.import_catalogue(tx, good(fields), now)
