"""The adapter on the wire, exactly as it was sent and answered.

The cassette in tests/cassettes/sandbox_portmone is a recording of our own stand-in, not of Portmone, whose contract is
unverified. Delete it and run its test to record it anew; with the file there nobody listens, and whatever does not
match fails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import vcr
import yaml

from apps.sandbox.portmone.bills import LOGIN, PASSWORD
from services.platform.money import Money
from services.receipts.payouts.providers.base import Order, Paid, Refused
from services.receipts.payouts.providers.portmone import PortmonePayouts
from tests.contracts.payout_sides import IDS, Portmone
from tests.services.receipts.payouts.till import PHONE

CASSETTE = Path(__file__).parents[3] / "cassettes" / "sandbox_portmone" / "a_top_up_and_a_refusal.yaml"


def top_up_and_be_refused(wire: PortmonePayouts) -> None:
    assert wire.pay(Order("7.1", Money(1250, "UAH"), PHONE)) == Paid("700001")
    with pytest.raises(Refused, match="1005"):
        wire.pay(Order("8.1", Money(100, "UAH"), "380631234567"))
    wire.close()


def test_a_top_up_and_a_refusal(tmp_path: Path) -> None:
    recorder = vcr.VCR(
        record_mode="once",
        match_on=["method", "path", "query", "body"],
        filter_headers=[("user-agent", None), ("host", None)],
        filter_post_data_parameters=[("password", "REDACTED")],
    )
    if CASSETTE.exists():
        url = "http://127.0.0.1:9/portmone/api/directcash/"
        with recorder.use_cassette(str(CASSETTE)):
            top_up_and_be_refused(PortmonePayouts(url=url, login=LOGIN, password=PASSWORD, payee_ids=IDS))
        return
    side = Portmone(tmp_path)
    with side.stack, recorder.use_cassette(str(CASSETTE)):
        top_up_and_be_refused(side.twin())


def test_what_is_sent_is_what_is_known_of_the_contract() -> None:
    first = yaml.safe_load(CASSETTE.read_text())["interactions"][0]["request"]
    assert first["method"] == "POST"
    assert first["headers"]["content-type"] == ["application/x-www-form-urlencoded"]
    assert dict(parse_qsl(first["body"])) == {
        "method": "bills.create",
        "login": LOGIN,
        "password": "REDACTED",
        "version": "2",
        "lang": "uk",
        "payeeId": "101",
        "contractNumber": PHONE,
        "amount": "12.50",
        "currency": "UAH",
        "comment": "Kiosk 7.1",
    }


def test_the_recording_holds_no_password() -> None:
    assert PASSWORD not in CASSETTE.read_text()
