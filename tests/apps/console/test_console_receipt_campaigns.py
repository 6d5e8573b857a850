"""Operators put campaigns to work, and ask what a receipt would earn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from apps.console import receipt_campaigns, receipt_trial, receipts, terminal
from services.kit import Kit
from services.platform.audit import AuditRow
from services.platform.db import Database
from services.receipts import Reading, rules
from tests.factories import database_url, kit
from tests.services.receipts.rules.made import NOON, accepted, campaign_toml, line, reading

SAMPLE = str(Path(__file__).parents[3] / "apps" / "console" / "receipts.sample.toml")
Console = Callable[..., tuple[int, str]]


@pytest.fixture
def made(db: Database) -> Iterator[Kit]:
    with kit(database_url(db), "redis://127.0.0.1:9", "console") as made:
        yield made


@pytest.fixture
def console(made: Kit, capsys: pytest.CaptureFixture[str]) -> Console:
    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        read = receipt_trial.read if arguments[0] == "try" else receipt_campaigns.read
        status = terminal.carry_out(made, read([*arguments[arguments[0] == "try" :]]))
        return status, capsys.readouterr().out

    return run


def written(path: Path, read: Reading) -> str:
    file = path / "receipt.json"
    file.write_text(json.dumps(read.as_json()))
    return str(file)


def test_a_campaign_from_its_file_to_its_end(console: Console, made: Kit, tmp_path: Path) -> None:
    assert console("list") == (0, "no campaigns\n")
    assert console("import", SAMPLE) == (0, "added      citramon, vitamins\n")
    assert console("import", SAMPLE) == (0, "same       citramon, vitamins\n")
    with made.db.begin() as tx:
        rules.take(tx, accepted(rules.campaign(tx, "citramon"), 250), 1, ["user:1"], NOON)
    status, said = console("show", "citramon")
    assert status == 0
    for expected in ("citramon, version 1, ", "2.50 of 100000.00 UAH", "1.00 UAH for a receipt", "but not район"):
        assert expected in said
    assert (
        "5% of what was paid for the products, at least 5.00 RUB, at most 200.00 RUB" in console("show", "vitamins")[1]
    )
    assert console("stop", "citramon") == (0, "campaign citramon is stopped\n")
    assert console("stop", "citramon") == (0, "campaign citramon is stopped already\n")
    assert "version 1, stopped, " in console("list")[1]
    assert "rejected: campaign_closed" in console("try", "citramon", written(tmp_path, reading()))[1]
    assert console("start", "citramon") == (0, "campaign citramon is running\n")
    with made.db.begin() as tx:
        actions = [row.action for row in tx.query(AuditRow).order_by(AuditRow.id)]
    imports = ["receipt_campaign.import"] * 2
    assert actions == [*imports, "receipt_campaign.stopped", "receipt_campaign.running"]


def test_what_cannot_be_done_is_said(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(campaign_toml(budget="x") + campaign_toml("b", more="colour = 1"))
    status, said = console("import", str(file))
    assert status == 1
    assert said.splitlines()[0] == f"{file}: nothing was imported"
    assert len(said.splitlines()) == 3
    assert console("import", str(tmp_path / "none.toml"))[0] == 2
    for command in ("show", "stop", "start"):
        assert console(command, "none") == (1, "there is no none\n")
    with pytest.raises(SystemExit):
        receipt_campaigns.read(["show"])
    with pytest.raises(SystemExit):
        receipts.main(["nothing"])


def test_a_receipt_is_tried_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["campaigns", "try", "citramon", written(tmp_path, reading()), "--rules", SAMPLE]
    sent = ["--sent", "2026-11-21T12:00+02:00"]
    assert receipts.main([*arguments, *sent]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "accepted, 1.00 UAH  (campaign citramon, version 0)"
    assert "products       saw D001: Цитрамон-Дарниця 100%; wants D001" in said
    assert said.splitlines()[-1] == "  D001 in line 1"
    assert receipts.main([*arguments, "--sent", "2027-01-21T12:00"]) == 0
    assert capsys.readouterr().out.startswith("rejected: too_old")
    written(tmp_path, replace(reading(), tier="D", lines=(line("Пакет"),)))
    assert receipts.main([*arguments, *sent]) == 0
    assert capsys.readouterr().out.startswith("review, 1.00 UAH: unconfirmed, sum_unknown")
    written(tmp_path, replace(reading(), tier="D"))
    assert receipts.main([*arguments, *sent, "--reviewed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bonus"] == {"minor": 100, "currency": "UAH"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"tier": "E"}',
        '{"tier": "B", "total": 46.5}',
        '{"tier": "B", "total": "much"}',
        '{"tier": "B", "date": "yesterday"}',
        '{"tier": "B", "lines": [{"name": "x"}]}',
        '{"tier": "B", "texts": [1]}',
        '{"tier": "B", "lines": 3}',
        "[" * 100_000,
    ],
)
def test_what_is_no_reading_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(content)
    assert receipts.main(["campaigns", "try", "citramon", str(file), "--rules", SAMPLE]) == 2
    assert capsys.readouterr().out.startswith(f"invalid: {file} holds no reading of a receipt: ")


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = written(tmp_path, replace(reading(), total=Decimal("46.50")))
    assert receipts.main(["campaigns", "try", "none", known, "--rules", SAMPLE]) == 1
    assert receipts.main(["campaigns", "try", "citramon", "/none.json", "--rules", SAMPLE]) == 2
    assert receipts.main(["campaigns", "try", "citramon", known, "--rules", "/none.toml"]) == 2
    assert receipts.main(["campaigns", "try", "citramon", known, "--rules", SAMPLE, "--sent", "soon"]) == 2
    said = capsys.readouterr().out.splitlines()
    assert [one.split(":")[0] for one in said] == [
        f"there is no campaign none in {SAMPLE}",
        *["invalid"] * 3,
    ]
