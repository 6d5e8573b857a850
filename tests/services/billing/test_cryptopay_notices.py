"""What a signature of Crypto Pay is worth, and what is kept of the update under it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.billing.providers import cryptopay
from services.billing.providers.base import BadNotification, RawNotice
from tests.apps.sandbox.running_cryptopay import TOKEN, running_coin_till
from tests.services.billing.cryptopay_shop import KEY, PAID, Shop, invoice, open_one, shops


@pytest.fixture
def shop() -> Iterator[Shop]:
    with shops() as make:
        yield make


def update(payload: Any = PAID, **fields: Any) -> dict[str, Any]:
    head = {"update_id": 1, "update_type": "invoice_paid", "request_date": "2026-02-18T15:17:23.000Z"}
    return {**head, "payload": payload, **fields}


def openssl(body: bytes, token: str = TOKEN) -> str:
    """The documented signature, by another program."""

    def digest(content: bytes, *options: str) -> str:
        command = ["openssl", "dgst", "-sha256", *options]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode().split()[-1]

    return digest(body, "-mac", "HMAC", "-macopt", f"hexkey:{digest(token.encode())}")


def signed(body: bytes, signature: str | None = None) -> RawNotice:
    return RawNotice(body, {"crypto-pay-api-signature": openssl(body) if signature is None else signature})


BODIES = [
    json.dumps(update(), separators=(",", ":"), ensure_ascii=False).encode(),
    json.dumps(update(), indent=3).encode(),
    json.dumps(update(), ensure_ascii=True).replace("/", "\\/").encode(),
    json.dumps(update(), sort_keys=True).replace(": ", "\t:\r\n ").encode() + b" \n",
    json.dumps(update({**PAID, "description": "Ключ 🔑 “VPN” \u2028"}), ensure_ascii=False).encode(),
    json.dumps(update()).replace('"299"', '"299.00"').encode(),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_signature_is_about_the_bytes_as_they_came(shop: Shop, number: int) -> None:
    body = BODIES[number]
    notice = shop().read_notification(signed(body))
    assert (notice.kind, notice.external_id, notice.signed, notice.answer) == ("invoice_paid", "528890", True, "")
    for changed in (body + b" ", body.replace(b"528890", b"528891"), json.dumps(json.loads(body)).encode() + b"\n"):
        with pytest.raises(BadNotification, match="not signed"):
            shop().read_notification(signed(changed, openssl(body)))


def test_what_the_sandbox_signs_is_signed(tmp_path: Path, shop: Shop) -> None:
    with running_coin_till(tmp_path) as coins:
        provider = shop(coins.url)
        external_id = open_one(provider)
        coins.pay(external_id, notify="twice")
        notices = [provider.read_notification(signed(*coins.updates.next())) for _ in range(2)]
    assert [one.external_id for one in notices] == [external_id] * 2
    assert notices[0].body["update_id"] != notices[1].body["update_id"], "so nobody may tell copies by it"
    assert notices[0].body["payload"] == notices[1].body["payload"]
    assert notices[0].kind == notices[1].kind


@pytest.mark.parametrize(
    "forge",
    [
        lambda body: "",
        lambda body: "0" * 64,
        lambda body: openssl(body)[:-1],
        lambda body: openssl(body) + "0",
        lambda body: openssl(body).upper(),
        lambda body: openssl(body, "42:another"),
        lambda body: openssl(body + b" "),
        lambda body: "подпись",
        lambda body: "\udcff",
    ],
)
def test_a_forged_one_is_refused(shop: Shop, forge: Callable[[bytes], str]) -> None:
    with pytest.raises(BadNotification, match="not signed"):
        shop().read_notification(signed(BODIES[0], forge(BODIES[0])))


def test_without_a_signature_nothing_is_read(shop: Shop) -> None:
    with pytest.raises(BadNotification, match="not signed"):
        shop().read_notification(RawNotice(BODIES[0]))


NONSENSE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff",
    b"[" * 100_000,
    json.dumps(update(update_type="invoice_expired")).encode(),
    json.dumps(update(update_type=["invoice_paid"])).encode(),
    json.dumps(update(None)).encode(),
    json.dumps(update([PAID])).encode(),
    *(json.dumps(update(invoice(invoice_id=wrong))).encode() for wrong in (..., "1", 0, -1, True, 1.0, 10**18, None)),
    json.dumps(update({**PAID, "comment": "\0"})).encode(),
    b'{"update_type":"invoice_paid","payload":{"invoice_id":1},"x":NaN}',
    b'{"update_type":"invoice_paid","payload":{"invoice_id":1},"x":"' + b"x" * cryptopay.LARGEST_NOTIFICATION + b'"}',
]


@pytest.mark.parametrize("number", range(len(NONSENSE)))
def test_signed_nonsense_is_still_nonsense(shop: Shop, number: int) -> None:
    with pytest.raises(BadNotification) as refused:
        shop().read_notification(signed(NONSENSE[number]))
    assert "signed" not in str(refused.value)


def test_evidence_is_kept_and_the_buyer_is_not(shop: Shop) -> None:
    notice = shop().read_notification(signed(BODIES[0]))
    assert json.loads(json.dumps(notice.body)) == notice.body
    kept = notice.body["payload"]
    assert (kept["paid_asset"], kept["paid_amount"], kept["fee_amount"]) == ("USDT", "3.73516552", "0.11205497")
    assert (kept["payload"], kept["amount"], kept["fiat"]) == (str(KEY), "299", "RUB")
    for personal in ("Анна", "900", "Спасибо", "https://", "IVDoTcNBYEfk"):
        assert personal not in json.dumps(notice.body, ensure_ascii=False)
    assert shop().evidence(notice.kind, notice.body) is None, "a signed one may be old: the provider is asked"
