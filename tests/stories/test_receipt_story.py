"""Receipts from the shop's till to the phone: what a person does in the chat, what cheats and crowds get for one
receipt, and what becomes of a top-up that Portmone answers badly."""

from __future__ import annotations

import io
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from apps.sandbox import till
from services import receipts
from services.platform.money import Money
from services.receipts.ocr.languages import find_languages
from services.receipts.payouts import Decision, Payout
from tests.apps.bot.club import operator
from tests.apps.bot.storefront import Storefront, Visitor, open_storefront
from tests.factories import at_once
from tests.services.receipts.desk import WrittenReader, bought, picture
from tests.world import Kiosk

CAMPAIGN = (Path(till.__file__).parent / "receipts.world.toml").read_text()  # a tenth of the price, to the phone
GOODS = tuple((name, Decimal(price)) for name, price in till.GOODS[:2])
BOSS = "operator:1"


@pytest.fixture
def pharmacy(kiosk: Kiosk) -> Kiosk:
    """What is read there is written in the picture."""
    kiosk.kit = replace(kiosk.kit, reader=WrittenReader())
    return begin(kiosk)


def begin(kiosk: Kiosk, toml: str = CAMPAIGN) -> Kiosk:
    with kiosk.kit.db.begin() as tx:
        receipts.rules.import_campaigns(tx, toml, actor=BOSS, now=kiosk.now)
    return kiosk


def new_phone(kiosk: Kiosk) -> str:
    """Nobody else has had it in this world."""
    return f"38063{next(kiosk.world.numbers):07}"


def give_phone(visitor: Visitor, phone: str) -> None:
    visitor.shop.kiosk.contact(visitor.person(), f"+{phone}")
    visitor.shop.serve()


def settle(shop: Storefront) -> None:
    for _ in range(2):
        shop.serve()
        shop.kiosk.drain()


def sent(visitor: Visitor, content: bytes, *, as_: str = "document", name: str = "receipt.png") -> dict[str, Any]:
    """A picture; the bot's one message about it, as it is in the end."""
    before = visitor.chat()["version"]
    visitor.post_file(content, as_=as_, name=name, kind="image/png" if name.endswith("png") else "image/jpeg")
    visitor.shop.serve()
    answer = visitor.last(before)["message_id"]
    settle(visitor.shop)
    return next(one for one in visitor.messages() if one["message_id"] == answer)


def bills(kiosk: Kiosk, phone: str) -> list[str]:
    """What has come to a phone."""
    found = kiosk.http.get("/portmone/bills", params={"phone": phone}).json()["bills"]
    assert not any(bill["again"] for bill in found)
    return [bill["amount"] for bill in found]


def spent(kiosk: Kiosk) -> int:
    return int(kiosk.scalar("SELECT spent_minor FROM receipt_campaigns"))


def assert_books_agree(kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        assert receipts.payouts.check_payouts(tx) == []
    assert kiosk.faults() == []
    assert kiosk.undone() == []


def taken_again(content: bytes) -> bytes:
    """Another picture of the same receipt: smaller, and not sharp."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    smaller = image.resize((image.width * 9 // 10, image.height * 9 // 10)).filter(ImageFilter.GaussianBlur(0.8))
    kept = io.BytesIO()
    smaller.save(kept, "JPEG", quality=75)
    return kept.getvalue()


def test_one_receipt_tops_up_one_phone(kiosk: Kiosk) -> None:
    """Really read, twice. Olena has bought, in Ukrainian; Ivan, in Russian, has her picture."""
    known = find_languages(kiosk.kit.settings.tessdata_prefix)
    if known.missing:
        pytest.skip(f"Tesseract has no {', '.join(known.missing)} here: apt install the packages of Aptfile")
    begin(kiosk)
    own_phone, his_phone = new_phone(kiosk), new_phone(kiosk)
    receipt = till.draw(till.Sale(GOODS, 100_000 + next(kiosk.world.numbers), kiosk.now))
    with open_storefront(kiosk) as shop:
        olena = shop.visitor(first_name="Олена", language_code="uk")
        olena.say("/start")
        olena.tap("🧾 Кешбек за чеки")
        olena.tap("Взяти участь")
        olena.tap("Погоджуюся")
        give_phone(olena, own_phone)
        told = sent(olena, receipt, as_="photo")["text"]
        assert "Чек № 1: бонус виплачено" in told
        assert "4,25" in told
        assert bills(kiosk, own_phone) == ["4.25"]

        ivan = shop.visitor(first_name="Иван", language_code="ru")
        ivan.say("/receipt")
        ivan.tap("Участвовать")
        ivan.tap("Принимаю")
        give_phone(ivan, his_phone)
        assert "Этот снимок уже присылали" in sent(ivan, receipt, as_="photo")["text"]
        assert "Этот чек уже присылали" in sent(ivan, taken_again(receipt), name="IMG_1.jpg")["text"]

        assert "✅ № 1: виплачено, 4,25" in olena.say("/history")["text"].replace("\N{NO-BREAK SPACE}", " ")
        sums = olena.say("/statistics")["text"]
        assert "Надіслано: 1\nПрийнято: 1\nВиплачено: " in sums
        history = ivan.say("/history")["text"]
        assert history.count("без бонуса") == 2
        assert "Отправлено: 2\nПринято: 0\nВыплачено: 0" in ivan.say("/statistics")["text"]
    reasons = kiosk.scalar("SELECT array_agg(reason ORDER BY id) FROM receipts")
    assert reasons == [None, "duplicate_file", "duplicate_receipt"]
    assert kiosk.scalar("SELECT tier FROM receipts WHERE id = 1") == "B"
    assert (bills(kiosk, own_phone), bills(kiosk, his_phone)) == (["4.25"], [])
    assert spent(kiosk) == 425
    assert_books_agree(kiosk)


def test_twenty_copies_at_once_earn_once(pharmacy: Kiosk) -> None:
    """Of five people, four of each; the first of each is the same file, byte for byte."""
    kit, people = pharmacy.kit, [pharmacy.person() for _ in range(5)]
    begin(pharmacy, CAMPAIGN.replace('payout = "portmone"', 'payout = "balance"'))
    reading = bought(pharmacy.now, key="ua:1:77:x")

    def send(number: int) -> None:
        content = picture(reading, again=max(number, 4))
        upload = receipts.Upload(people[number % 5].party, content)
        receipts.submit(kit.db, kit.storage, upload, pharmacy.now)

    at_once(20, send)
    at_once(4, lambda _: pharmacy.drain())
    pharmacy.hurry()
    with kit.db.begin() as tx:
        known = [one for person in people for one in receipts.history(tx, person.party, limit=9)]
    ends = Tally((one.state, one.reason) for one in known)
    assert ends == {("paid", None): 1, ("rejected", "duplicate_file"): 4, ("rejected", "duplicate_receipt"): 15}
    assert sum(pharmacy.balance(f"wallet:{person.party}", "UAH") for person in people) == -500
    assert pharmacy.count("receipt_payouts") == 1
    assert spent(pharmacy) == 500
    assert_books_agree(pharmacy)


# What Portmone does, what Kiosk makes of it, and how many top-ups there are then.
FAULTS: tuple[tuple[dict[str, Any], str, int], ...] = (
    ({"mode": "slow", "delay": 0.3}, "succeeded", 1),
    ({"mode": "dropped_after"}, "unknown", 1),
    ({"mode": "hang", "delay": 0.1}, "unknown", 0),
    ({"mode": "garbage"}, "unknown", 0),
    ({"mode": "garbage_after"}, "unknown", 1),
)


@pytest.fixture
def shop(pharmacy: Kiosk) -> Iterator[Storefront]:
    with open_storefront(pharmacy) as shop:
        yield shop


def test_whatever_portmone_answers_it_is_paid_once(shop: Storefront) -> None:
    kiosk, own_phone = shop.kiosk, new_phone(shop.kiosk)
    with operator(shop) as boss:
        anna = shop.visitor()
        anna.say("/receipt")
        anna.tap("Take part")
        anna.tap("Agree")
        give_phone(anna, own_phone)
        there, payouts = 0, []
        for number, (fault, state, paid) in enumerate(FAULTS):
            kiosk.post("/portmone/faults", times=1, **fault)
            told = sent(anna, picture(bought(kiosk.now, key=f"ua:1:{number}:x", total=f"{100 + number}.00")))
            kiosk.hurry()
            payouts.append(newest(kiosk))
            there += paid
            assert (payouts[-1].state, len(bills(kiosk, own_phone))) == (state, there), fault
            assert ("the bonus is paid" in told["text"]) == (state == "succeeded"), fault
        history = anna.say("/history")["text"]
        assert history.count("accepted, being paid, ₴5") == 4
        assert history.count("paid, ₴5\n") == 5
        assert "Paid: ₴5\nOn its way: ₴20" in anna.say("/statistics")["text"]
        assert sum("Nobody knows whether payout" in one["text"] for one in boss.messages()) == 4

    _, cut, silent, garbage, late = payouts
    decide(kiosk, cut, "paid")
    for lost in (silent, garbage):
        decide(kiosk, lost, "not_paid")
    kiosk.drain()
    assert "accepted, not paid yet" in anna.say("/history")["text"]
    decide(kiosk, silent, "retry")
    decide(kiosk, garbage, "to_balance")
    for _ in range(2):
        call_back(kiosk, late, own_phone)
    settle(shop)
    kiosk.hurry()
    assert "On its way" not in anna.say("/statistics")["text"]
    assert "Sent: 5\nAccepted: 5\nPaid: ₴25" in anna.last()["text"]
    assert bills(kiosk, own_phone) == ["5.00"] * 4
    assert kiosk.balance(f"wallet:{anna.person().party}", "UAH") == -500
    assert spent(kiosk) == 2500
    assert_books_agree(kiosk)


def newest(kiosk: Kiosk) -> Payout:
    with kiosk.kit.db.begin() as tx:
        return receipts.payouts.list_payouts(tx, limit=1)[0]


def decide(kiosk: Kiosk, payout: Payout, outcome: Decision) -> None:
    with kiosk.kit.db.begin() as tx:
        receipts.payouts.decide_payout(
            tx, kiosk.kit.cipher, payout.id, outcome, actor=BOSS, reason="Portmone's list", now=kiosk.now
        )


def call_back(kiosk: Kiosk, payout: Payout, phone: str) -> None:
    """Portmone tells at last, by its own reference to our payout."""
    listed = kiosk.http.get("/portmone/bills", params={"phone": phone}).json()["bills"]
    [bill] = [one["id"] for one in listed if one["comment"].startswith(f"Kiosk {payout.id}.")]
    body = kiosk.post("/portmone/callback", bill=bill, status="ok")["body"]
    news = kiosk.kit.payouts["portmone"].read_callback(body.encode())
    assert news.amount == Money(500, "UAH")
    with kiosk.kit.db.begin() as tx:
        assert receipts.payouts.hear(tx, "portmone", news, kiosk.now)
