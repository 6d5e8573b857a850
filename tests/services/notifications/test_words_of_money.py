"""What people and operators are told of money, in every language: true, translated, and taken by Telegram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from apps.sandbox.telegram.entities import parse_html
from services import billing, catalog, identity
from services.notifications import explain, why_undecided
from services.notifications.messages import KINDS, compose
from services.notifications.models import MessageRow
from services.notifications.tell import queue
from services.platform.i18n import LANGUAGES, language
from services.platform.money import Money
from tests.world import Kiosk, MakeKiosk, Person

OPERATOR = 77
# Names that stay as they are in every language.
INTERNATIONAL = (
    'VPN|WireGuard|Telegram|Kiosk|Stars|stars|python -m apps[ \\w.|\\-"]+|yookassa|user:\\d+|MasterCard|Visa|charge-1'
    "|PAYMENT_PROVIDERS|a_word"
)
# Of YooKassa (API v3, cancellation_details.reason), Robokassa, the balance, Stars, and of our own.
REASONS = (
    "3d_secure_failed", "call_issuer", "canceled_by_merchant", "card_expired", "country_forbidden", "deal_expired",
    "expired_on_capture", "expired_on_confirmation", "fraud_suspected", "general_decline", "identification_required",
    "insufficient_funds", "internal_timeout", "invalid_card_number", "invalid_csc", "issuer_unavailable",
    "payment_method_limit_exceeded", "payment_method_restricted", "permission_revoked", "rejected_by_timeout",
    "unsupported_mobile_operator", "canceled", "returned_to_buyer", "insufficient_balance", "no_answer",
    "card_forgotten", "card_refused", "invoice_closed",
)  # fmt: skip


@pytest.fixture
def watched(make_kiosk: MakeKiosk) -> Iterator[Kiosk]:
    with make_kiosk(TELEGRAM_ADMIN_IDS=str(OPERATOR)) as kiosk:
        yield kiosk


def newest(kiosk: Kiosk, person: Person) -> str:
    return str(kiosk.messages(person)[-1]["text"])


# --- refunds --------------------------------------------------------------------------------------------------------


def test_a_refund_tells_how_much_where_to_and_what_became_of_the_access(kiosk: Kiosk) -> None:
    anna = kiosk.person("Anna", "en")
    first, _second = kiosk.buy(anna), kiosk.buy(anna)
    kiosk.refund(first.payment_id)
    kiosk.drain()
    words = newest(kiosk, anna)
    assert "We have returned ₽299 for VPN for a month" in words
    assert "where you paid from" in words
    ends_at = kiosk.scalar("SELECT ends_at FROM subscriptions")
    assert f"now works until {language('en').moment(ends_at, 'Europe/Moscow')}" in words


def test_a_refund_of_all_there_was_ends_the_access(kiosk: Kiosk) -> None:
    anna = kiosk.person("Anna", "en")
    kiosk.refund(kiosk.buy(anna).payment_id)
    kiosk.drain()
    assert "your access ended on" in newest(kiosk, anna)


def test_a_part_to_the_balance_leaves_the_access(kiosk: Kiosk) -> None:
    anna = kiosk.person("Anna", "en")
    kiosk.refund(kiosk.buy(anna).payment_id, amount=Money(5000, "RUB"), destination="balance")
    kiosk.drain()
    words = newest(kiosk, anna)
    assert "₽50" in words
    assert "on your balance here" in words
    assert "stays as it is: it works until" in words


def test_a_refund_of_money_that_bought_nothing_says_nothing_of_access(watched: Kiosk) -> None:
    anna = watched.person("Anna", "en")
    payment_id = late(watched, anna)
    assert "after the time for it was over" in newest(watched, anna)
    watched.decide(payment_id, "refund")
    watched.drain()
    words = newest(watched, anna)
    assert "We have returned ₽299" in words
    assert "access" not in words


# --- decisions ------------------------------------------------------------------------------------------------------


def late(kiosk: Kiosk, person: Person) -> int:
    checkout = kiosk.checkout(person)
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE invoices SET state = 'expired' WHERE id = :id"), {"id": checkout.invoice_id})
    kiosk.pay(checkout)
    kiosk.drain()
    return checkout.payment_id


def test_what_is_kept_is_told_with_the_way_to_spend_it(watched: Kiosk) -> None:
    anna = watched.person("Anna", "en")
    watched.decide(late(watched, anna), "keep")
    watched.drain()
    message = watched.messages(anna)[-1]
    assert "₽299 could not be applied" in message["text"]
    assert "from the balance" in message["text"]
    assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "shop"


def test_who_was_asked_is_not_asked_about_what_is_decided(watched: Kiosk) -> None:
    anna = watched.person("Anna", "en")
    watched.decide(late(watched, anna), "keep")
    with watched.kit.db.begin() as tx:
        row = tx.query(MessageRow).filter_by(kind="admin_payment_held").one()
        assert compose(tx, row, None, "Europe/Moscow", watched.kit.cipher) is None


# --- remembered cards -----------------------------------------------------------------------------------------------


@pytest.fixture
def charged(kiosk: Kiosk) -> Iterator[tuple[Kiosk, Person]]:
    """A card of Anna's is to be charged now."""
    anna = kiosk.person("Anna", "en")
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, anna.party, kiosk.now)
    kiosk.pay(kiosk.checkout(anna, save=True))
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        quote = catalog.quote(tx, "vpn-1m", "RUB", {"all"})
        (card,) = billing.methods_of(tx, anna.party)
        billing.start_charge(
            tx, party=anna.party, purpose="subscription:1:x", method_id=card.id, quote=quote, now=kiosk.now
        )
    yield kiosk, anna
    kiosk.post("/yookassa/settings", declines={})


def declines(kiosk: Kiosk, reason: str) -> None:
    kiosk.post("/yookassa/settings", declines={"4444": reason, "1111": reason, "4477": reason})
    kiosk.tick()
    kiosk.drain(patience=0.5)


def test_a_declined_charge_tells_why_and_when_the_next_try_is(charged: tuple[Kiosk, Person]) -> None:
    kiosk, anna = charged
    declines(kiosk, "insufficient_funds")
    message = kiosk.messages(anna)[-1]
    next_at = kiosk.scalar("SELECT next_at FROM charges")
    assert "could not charge ₽299 from your card" in message["text"]
    assert "not enough money" in message["text"]
    assert f"again on {language('en').moment(next_at, 'Europe/Moscow')}" in message["text"]
    data = [row[0]["callback_data"] for row in message["reply_markup"]["inline_keyboard"]]
    assert data == ["tariff:vpn-1m", "cards"]


def test_a_card_refused_for_good_tells_what_to_do(charged: tuple[Kiosk, Person]) -> None:
    kiosk, anna = charged
    declines(kiosk, "card_expired")
    (words,) = [one["text"] for one in kiosk.messages(anna) if "not charge it again" in one.get("text", "")]
    assert "The card has expired" in words


def test_a_card_that_is_forgotten_again_is_not_announced(kiosk: Kiosk) -> None:
    anna = kiosk.person("Anna", "en")
    with kiosk.kit.db.begin() as tx:
        queue(tx, anna.telegram_id, "method_saved", "test", {"method_id": 5}, kiosk.now)
    kiosk.drain()
    assert kiosk.messages(anna) == []


# --- operators ------------------------------------------------------------------------------------------------------


def test_an_unknown_refund_comes_with_the_commands_that_settle_it(watched: Kiosk) -> None:
    olga, anna = watched.person("Olga", "en"), watched.person("Anna", "en")
    refund_id = watched.refund(watched.buy(anna).payment_id)
    about = {"refund_id": refund_id, "party": str(anna.party), "reason": "a_word"}
    with watched.kit.db.begin() as tx:
        queue(tx, olga.telegram_id, "admin_refund_failed", "1", {**about, "unknown": True}, watched.now)
    watched.drain()
    words = newest(watched, olga)
    assert f"python -m apps.console payments resolve {refund_id} done" in words
    assert f"python -m apps.console payments resolve {refund_id} not-done" in words
    with watched.kit.db.begin() as tx:
        queue(tx, olga.telegram_id, "admin_refund_failed", "2", {**about, "unknown": False}, watched.now)
    watched.drain()
    words = newest(watched, olga)
    assert "resolve" not in words
    assert "--to balance" in words


@pytest.mark.parametrize(
    ("code", "count", "words"),
    [
        ("ru", 1, "1 расхождение"),
        ("ru", 3, "3 расхождения"),
        ("ru", 11, "11 расхождений"),
        ("uk", 2, "2 розбіжності"),
        ("uk", 21, "21 розбіжність"),
        ("en", 1, "1 difference between"),
    ],
)
def test_differences_are_counted_as_people_count(kiosk: Kiosk, code: str, count: int, words: str) -> None:
    olga = kiosk.person("Olga", code)
    params = {"provider": "yookassa", "day": "2026-11-20", "operations": 120, "differences": count}
    with kiosk.kit.db.begin() as tx:
        queue(tx, olga.telegram_id, "admin_statement", "1", params, kiosk.now)
    kiosk.drain()
    message = newest(kiosk, olga)
    assert words in message
    assert "python -m apps.console payments statement --provider yookassa --day 2026-11-20" in message
    assert "20 " in message


# --- every word -----------------------------------------------------------------------------------------------------


def everything(kiosk: Kiosk, reader: Person) -> Iterator[tuple[str, str]]:
    """(kind, text) of every message about money, in the reader's language, in each of its forms."""
    payment_id = int(kiosk.scalar("SELECT min(id) FROM payments"))
    refund_ids = [int(kiosk.scalar(f"SELECT {which}(id) FROM refunds")) for which in ("min", "max")]
    party = str(reader.party)
    forms: dict[str, list[dict[str, Any]]] = {
        "payment_failed": [{"payment_id": payment_id, "reason": reason} for reason in (*REASONS, "a_word", "")],
        "payment_held": [{"payment_id": payment_id, "reason": reason} for reason in ("late", "double", "amount")],
        "payment_kept": [{"payment_id": payment_id}],
        "renewal_changed": [{"payment_id": payment_id, "state": s} for s in ("active", "canceled", "failed", "new")],
        "refunded": [
            {"payment_id": payment_id, "refund_id": refund_id, "shorten": shorten}
            for refund_id in refund_ids
            for shorten in (True, False)
        ],
        "sold_out": [{"payment_id": payment_id, "refund_id": refund_id} for refund_id in (refund_ids[0], 0)],
        "method_saved": [{"method_id": 1}],
        "charge_declined": [
            {"charge_id": 1, "reason": "card_expired", "next_at": at} for at in (None, kiosk.now.isoformat())
        ],
        "tokens_credited": [
            {"tokens": 200, "product": "vpn", "fee": fee, "fee_missing": missing}
            for fee, missing in ((0, 0), (100, 0), (0, 250))
        ],
        "tokens_adjusted": [{"tokens": tokens} for tokens in (5, -5)],
        "tokens_low": [{"left": left} for left in (5, 0, -3)],
        "fee_charged": [{"subscription_id": 1, "fee": 100}],
        "fee_missed": [{"subscription_id": 1, "fee": 100}],
        "admin_sold_out": [
            {"payment_id": payment_id, "party": party, "refund_id": refund_id, "why_not": "a_word"}
            for refund_id in (refund_ids[0], 0)
        ],
        "admin_payment_held": [{"payment_id": payment_id, "party": party, "reason": "late"}],
        "admin_refund_failed": [
            {"refund_id": refund_ids[0], "party": party, "reason": "", "unknown": unknown} for unknown in (True, False)
        ],
        "admin_foreign_refund": [{"refund_id": refund_ids[0], "party": party}],
        "admin_statement": [{"provider": "yookassa", "day": "2026-11-20", "operations": 5, "differences": 2}],
        "admin_stray_stars": [
            {"kind": kind, "charge_id": "charge-1", "amount": amount, "from": 7}
            for kind, amount in (("successful_payment", 150), ("refunded_payment", None))
        ],
    }
    other = "access|document|task|extended|expired|paused|canceled|gift|referral|renewal_(ahead|on|off)|reminder|grace"
    other += "|channel|member_banned|place|withdrawal|receipt|payout"
    assert set(forms) == {kind for kind in KINDS if not re.search(other, kind)}
    with kiosk.kit.db.begin() as tx:
        person = identity.find_user(tx, reader.telegram_id)
        for kind, all_params in forms.items():
            for params in all_params:
                row = MessageRow(kind=kind, params=params, telegram_id=reader.telegram_id)
                message = compose(tx, row, person, "Europe/Moscow", kiosk.kit.cipher)
                if message is not None:
                    labels = [button.text for line in message.rows for button in line]
                    yield kind, "\n".join([parse_html(message.text)[0], *labels])
                assert message or params.get("state") == "new", kind


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_in_the_persons_language_and_taken_by_telegram(charged: Any, code: str) -> None:
    kiosk, anna = charged
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE users SET chosen_language = :code"), {"code": code})
    payment_id = int(kiosk.scalar("SELECT id FROM payments"))
    kiosk.refund(payment_id, amount=Money(100, "RUB"))
    kiosk.refund(payment_id, amount=Money(100, "RUB"), destination="balance")
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE payments SET decision = 'late'"))
    seen = list(everything(kiosk, anna))
    assert len({kind for kind, _ in seen}) == 19
    for kind, words in seen:
        assert 0 < len(words) < 1500
        if code != "en":
            assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", words)), (kind, words)


@pytest.mark.parametrize("code", LANGUAGES)
def test_reasons_have_words_and_unknown_ones_the_general_sentence(code: str) -> None:
    say = language(code)
    general = explain(say, "a_word_of_tomorrow")
    assert explain(say, None) == general
    for reason in REASONS:
        assert explain(say, reason) != general, reason
    assert len({why_undecided(say, reason) for reason in ("late", "double", "amount")}) == 3
