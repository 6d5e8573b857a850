"""The catalogs of texts, and the checks on them."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from apps.console import texts
from services import catalog
from services.platform.i18n import LANGUAGES, language


def test_everything_is_translated_and_compiled() -> None:
    assert texts.check() == []


def test_every_text_has_a_translation_of_its_own_in_each_language() -> None:
    for code in set(LANGUAGES) - {texts.SOURCE_LANGUAGE}:
        assert language(code)("Main menu") != "Main menu"
        assert language(code).n("{count} day", "{count} days", 5).split()[0] == "5"


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogs, in a place where they may be damaged."""
    shutil.copytree(texts.LOCALES, tmp_path / "locales")
    monkeypatch.setattr(texts, "LOCALES", tmp_path / "locales")
    return tmp_path / "locales" / "ru" / "LC_MESSAGES" / "kiosk.po"


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('msgstr "Главное меню"', 'msgstr ""', "not translated"),
        ('msgstr "Оплатить {price}"', 'msgstr "Оплатить {сумма}"', "other {placeholders}"),
        ('msgstr "Оплатить {price}"', 'msgstr "Оплатить {price"', "other {placeholders}"),
        ("<b>История платежей</b>", "<b>История платежей<b>", "other or unbalanced <tags>"),
        ("<b>История платежей</b>", "</b>История платежей<b>", "other or unbalanced <tags>"),
        ("<b>История платежей</b>", "История платежей", "other or unbalanced <tags>"),
        ('msgid "Main menu"', 'msgid "Main dish"', "not in the catalog: 'Main menu'"),
        ('msgid "Main menu"', 'msgid "Main dish"', "no longer used: 'Main dish'"),
        ('msgid "Main menu"', '#, fuzzy\nmsgid "Main menu"', "fuzzy"),
        ('msgstr "Главное меню"', 'msgstr "Меню"', "run `texts compile`"),
    ],
)
def test_damage_is_found(copies: Path, before: str, after: str, fault: str) -> None:
    whole = copies.read_text()
    assert before in whole
    copies.write_text(whole.replace(before, after, 1))
    assert any(line.startswith("ru: ") and fault in line for line in texts.check())


def test_compiling_makes_the_damage_heard_of_and_updating_changes_nothing_else(copies: Path) -> None:
    before = copies.read_text()
    texts.extract_and_update()
    assert copies.read_text() == before
    copies.write_text(before.replace('msgstr "Главное меню"', 'msgstr "Меню"'))
    texts.compile_all()
    assert texts.check() == []


def test_the_command_tells_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert texts.main([]) == 2
    assert texts.main(["check"]) == 0
    assert "usage" in capsys.readouterr().out


def test_the_sample_catalogue_can_be_imported_in_three_languages(tx: Session, now: datetime) -> None:
    sample = texts.ROOT / "apps" / "console" / "catalog.sample.toml"
    report = catalog.import_catalogue(tx, sample.read_text(), now)
    assert report.added == ["vpn-try", "vpn-1m", "vpn-3m", "vpn-12m", "vpn-family", "vpn-trial", "router-guide"]
    for tariff in catalog.list_tariffs(tx, {"all", "new"}):
        assert set(tariff.name) == set(tariff.description) == set(tariff.features) == set(LANGUAGES)
    assert [tariff.slug for tariff in catalog.list_tariffs(tx, {"trial"})] == ["vpn-trial"]
    assert "vpn-trial" not in [tariff.slug for tariff in catalog.list_tariffs(tx, {"all", "new", "existing"})]
    assert "vpn-try" not in [tariff.slug for tariff in catalog.list_tariffs(tx, {"all", "existing"})]
