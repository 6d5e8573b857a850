"""One receipt is one message: changed in place, told once, right in whatever order the news comes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services import identity, receipts
from services.notifications import (
    tell_payout_succeeded,
    tell_receipt_accepted,
    tell_receipt_needs_review,
    tell_receipt_reading,
)
from services.notifications.channels.base import NotSent, Outgoing, Sent
from services.notifications.messages import KINDS
from services.notifications.tell import queue
from services.receipts import Facts, Receipt
from tests.world import Kiosk, Person

ALPHABETS = {
    "ru": re.compile(r"[ыэъё]|\b(и|не)\b"),
    "uk": re.compile(r"[іїєґ]"),
    "en": re.compile(r"\b(is|the|it|has|was)\b", re.IGNORECASE),
}


def said(kiosk: Kiosk, person: Person) -> int:
    """A message of the bot's, as it says "reading"."""
    outcome = kiosk.kit.telegram.send(person.telegram_id, Outgoing("reading"))
    assert isinstance(outcome, Sent)
    return outcome.message_id


def typed(kiosk: Kiosk, person: Person, message_id: int | None = None, **columns: Any) -> Receipt:
    """One that waits for a person; `columns` are changed afterwards."""
    facts = Facts(merchant="АТБ <b>", date=kiosk.now.date(), total=Decimal(50), currency="UAH")
    with kiosk.kit.db.begin() as tx:
        receipt = receipts.submit_typed(tx, person.party, facts, kiosk.now)
        for name, value in {"message_id": message_id, **columns}.items():
            tx.connection().exec_driver_sql(
                f"UPDATE receipts SET {name} = %s WHERE id = %s",  # names are of this file
                (value, receipt.id),
            )
    return receipt


def set_state(kiosk: Kiosk, receipt_id: int, state: str) -> None:
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("UPDATE receipts SET state = %s WHERE id = %s", (state, receipt_id))


def texts(kiosk: Kiosk, person: Person) -> list[str]:
    return [message.get("text") or message.get("caption", "") for message in kiosk.messages(person)]


def accepted(receipt: Receipt) -> receipts.ReceiptAccepted:
    return receipts.ReceiptAccepted(
        receipt_id=receipt.id, party=str(receipt.party), campaign="c", minor=100, currency="UAH", payout="balance"
    )


def test_news_changes_the_message_and_is_told_once_in_any_order(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    receipt = typed(kiosk, anna, said(kiosk, anna))
    kiosk.drain()
    assert len(texts(kiosk, anna)) == 1
    assert "a person looks at it" in texts(kiosk, anna)[0]
    set_state(kiosk, receipt.id, "paying")
    paid = receipts.PayoutSucceeded(payout_id=1, receipt_id=receipt.id)
    for _ in range(2):  # the money is told before the row knows of it, then what came before it, all of it twice
        with kiosk.kit.db.begin() as tx:
            tell_payout_succeeded(tx, paid, kiosk.now)
        kiosk.drain()
        assert "the bonus is paid" in texts(kiosk, anna)[0]
        set_state(kiosk, receipt.id, "paid")
        with kiosk.kit.db.begin() as tx:
            tell_receipt_accepted(tx, accepted(receipt), kiosk.now)
            tell_receipt_needs_review(tx, receipts.ReceiptNeedsReview(receipt_id=receipt.id), kiosk.now, [])
        kiosk.drain()
    assert len(texts(kiosk, anna)) == 1
    assert "the bonus is paid" in texts(kiosk, anna)[0]
    assert kiosk.count("messages", "kind = 'receipt'") == 3


def test_of_news_that_waits_only_the_newest_is_told(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    receipt = typed(kiosk, anna, said(kiosk, anna))
    with kiosk.kit.db.begin() as tx:
        tell_receipt_reading(tx, receipts.ReceiptSubmitted(receipt_id=receipt.id), kiosk.now)
        tell_receipt_needs_review(tx, receipts.ReceiptNeedsReview(receipt_id=1), kiosk.now + timedelta(hours=1), [])
        for _ in range(2):  # again: nothing new, and nothing is lost
            tell_receipt_accepted(tx, accepted(receipt), kiosk.now + timedelta(hours=1))
    set_state(kiosk, receipt.id, "paying")
    before = max(call["n"] for call in kiosk.http.get("/telegram/log").json())
    kiosk.drain()
    calls = [call["method"] for call in kiosk.http.get(f"/telegram/log?after={before}").json()]
    assert calls == ["sendMessage", "deleteMessage"], "once, and heard, for one of them was late"
    assert len(texts(kiosk, anna)) == 1
    assert "accepted" in texts(kiosk, anna)[0]


def test_a_receipt_without_a_message_gets_one_and_keeps_it(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    receipt = typed(kiosk, anna)
    kiosk.drain()
    set_state(kiosk, receipt.id, "approved")
    with kiosk.kit.db.begin() as tx:
        tell_receipt_accepted(tx, accepted(receipt), kiosk.now)
    kiosk.drain()
    assert len(texts(kiosk, anna)) == 1
    assert "accepted" in texts(kiosk, anna)[0]


def test_an_edit_of_which_nobody_knows_is_made_again(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    typed(kiosk, anna, said(kiosk, anna))
    kiosk.post("/telegram/faults", mode="dropped_after", method="editMessageText")
    kiosk.drain()
    assert kiosk.scalar("SELECT state FROM messages") == "queued"
    kiosk.hurry()
    assert kiosk.scalar("SELECT state FROM messages") == "sent"
    assert len(texts(kiosk, anna)) == 1
    assert "a person looks at it" in texts(kiosk, anna)[0]


def test_a_worker_that_died_in_between_loses_no_news(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    typed(kiosk, anna, said(kiosk, anna))
    with kiosk.kit.db.begin() as tx:
        tell_receipt_needs_review(tx, receipts.ReceiptNeedsReview(receipt_id=1), kiosk.now, [])
    kiosk.scalar("UPDATE messages SET state = 'sending' RETURNING id")
    kiosk.drain()
    assert "a person looks at it" in texts(kiosk, anna)[0]
    assert len(texts(kiosk, anna)) == 1


@pytest.mark.parametrize("anew", [False, True])
def test_what_cannot_be_changed_is_said_anew(kiosk: Kiosk, anew: bool) -> None:
    anna = kiosk.person("Анна", "en")
    telegram, first = kiosk.kit.telegram, said(kiosk, anna)
    assert telegram.send(anna.telegram_id, Outgoing("reading", edits=first)) == Sent(first), "it says so already"
    assert isinstance(telegram.send(anna.telegram_id, Outgoing("news", edits=10**6, anew=anew)), Sent)
    assert texts(kiosk, anna) == ["reading", "news"]
    assert isinstance(telegram.send(anna.telegram_id, Outgoing("late", edits=first, anew=True)), Sent)
    assert texts(kiosk, anna) == ["news", "late"]
    kiosk.world.offset.move(49 * 3600)  # by then Telegram lets nobody delete it
    (_news, late) = kiosk.messages(anna)
    assert isinstance(telegram.send(anna.telegram_id, Outgoing("later", edits=late["message_id"], anew=True)), Sent)
    assert texts(kiosk, anna) == ["news", "later", "later"]
    for mode in ("502", "dropped"):
        kiosk.post("/telegram/faults", mode=mode, method="editMessageText")
        assert isinstance(telegram.send(anna.telegram_id, Outgoing("x", edits=first)), NotSent)


@pytest.mark.parametrize("language", ["ru", "uk", "en"])
def test_every_message_about_receipts_is_in_the_readers_language(kiosk: Kiosk, language: str) -> None:
    person = kiosk.person("Anna", language)
    receipt = typed(kiosk, person, bonus_minor=1250, bonus_currency="UAH", message_id=said(kiosk, person))
    about = {"receipt_id": receipt.id, "payout_id": 1, "party": str(person.party)}
    forms: dict[str, dict[str, Any]] = {
        "receipt": about,
        "admin_receipt": about,
        "admin_payout_failed": {**about, "reason": "P-01 <x>"},
        "admin_payout_undecided": about,
        "admin_payout_contradicted": {**about, "state": "failed", "said": "paid"},
        "admin_payouts_capped": {"most": 10},
    }
    with kiosk.kit.db.begin() as tx:
        for kind, params in forms.items():
            queue(tx, person.telegram_id, kind, f"test:{kind}", params, kiosk.now)
    kiosk.drain()
    assert kiosk.count("messages", "key LIKE 'test:%' AND state <> 'sent'") == 0
    told = texts(kiosk, person)
    assert len(told) == len(forms)
    for text in told:
        assert ALPHABETS[language].search(text), text
        assert not re.search(r"\{\w+\}", text), text
    special = {"receipt_again", "receipt_reminder"}
    assert set(forms) | special == {kind for kind in KINDS if re.search("receipt|payout", kind)}


def test_the_reminder_has_a_button_and_is_not_for_who_has_sent_one(kiosk: Kiosk) -> None:
    anna, ivan = kiosk.person("Анна", "ru"), kiosk.person("Иван", "ru")
    typed(kiosk, ivan)
    kiosk.drain()
    before = len(texts(kiosk, ivan))
    with kiosk.kit.db.begin() as tx:
        for person in (anna, ivan):
            event = receipts.ReceiptReminderDue(user_id=person.party.id)
            kiosk_tell(tx, event, kiosk)
    kiosk.drain()
    (message,) = kiosk.messages(anna)
    assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "receipts"
    assert len(texts(kiosk, ivan)) == before


def kiosk_tell(tx: Any, event: receipts.ReceiptReminderDue, kiosk: Kiosk) -> None:
    from services.notifications import tell_receipt_reminder

    tell_receipt_reminder(tx, event, kiosk.now)
    tell_receipt_reminder(tx, event, kiosk.now + timedelta(hours=1))


def test_what_was_sent_to_the_balance_and_taken_back_is_told_so(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    receipt = typed(kiosk, anna, said(kiosk, anna), state="approved", decision='{"payout": "manual", "matched": []}')
    with kiosk.kit.db.begin() as tx:
        receipts.payouts.order_payout(tx, kiosk.kit.cipher, replace(accepted(receipt), payout="manual"), kiosk.now)
        payout = receipts.payouts.payout_of(tx, receipt.id)
        assert payout is not None
        assert payout.state == "no_phone"
        how = {"actor": "operator:1", "reason": "asked", "now": kiosk.now}
        receipts.payouts.decide_payout(tx, kiosk.kit.cipher, payout.id, "to_balance", **how)
    kiosk.drain()
    assert "the bonus is paid" in texts(kiosk, anna)[0]
    assert "on your balance" in texts(kiosk, anna)[0]
    with kiosk.kit.db.begin() as tx:
        receipts.reverse(tx, receipt.id, "returned", actor="operator:1", now=kiosk.now)
    kiosk.drain()
    assert "the bonus was taken back" in texts(kiosk, anna)[0]
    assert len(texts(kiosk, anna)) == 1


def test_a_number_that_was_given_is_told_where_it_was_missing(kiosk: Kiosk) -> None:
    anna = kiosk.person("Анна", "en")
    decision = '{"payout": "manual", "matched": []}'
    typed(kiosk, anna, said(kiosk, anna), state="approved", decision=decision)
    kiosk.drain()
    assert "Which phone" in texts(kiosk, anna)[0]
    with kiosk.kit.db.begin() as tx:
        identity.keep_phone(tx, kiosk.kit.cipher, anna.party.id, "0671234589", kiosk.now, is_own=True)
    kiosk.drain()
    assert "+380\u00a067\u00a0***\u00a0**\u00a089" in texts(kiosk, anna)[0]
    assert len(texts(kiosk, anna)) == 1
