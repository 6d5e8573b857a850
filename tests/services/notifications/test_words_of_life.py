"""What people are told of a subscription's life: by its cause, in their language, once, and only while it is true."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from apps.sandbox.telegram.entities import parse_html
from services import catalog, identity, notifications, subscriptions
from services.notifications.messages import compose
from services.notifications.models import MessageRow
from services.notifications.tell import queue
from services.platform.i18n import LANGUAGES
from services.platform.money import Money
from tests.world import Kiosk, Person

CAUSES = ("payment", "trial", "change", "resume", "gift", "promo", "operator:5")
INTERNATIONAL = "VPN|WireGuard|Frankfurt|Amsterdam"


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    person = kiosk.person("Anna", "en")
    kiosk.buy(person)
    return person


def said(kiosk: Kiosk, person: Person, kind: str, **params: object) -> str | None:
    """The words of such a message as they would be sent now."""
    with kiosk.kit.db.begin() as tx:
        known = identity.find_user(tx, person.telegram_id)
        about = {"subscription_id": mine(kiosk, person).id, "grant_id": 0, "change_id": 0, **params}
        about["grant_id"] = tx.scalar(text("SELECT id FROM access_grants"))
        queue(tx, person.telegram_id, kind, f"{kind}:{next(kiosk.numbers)}", about, kiosk.now)
        row = tx.query(MessageRow).order_by(MessageRow.id.desc()).first()
        assert row is not None
        composed = compose(tx, row, known, "Europe/Moscow", kiosk.kit.cipher)
        tx.rollback()
    return parse_html(composed.text)[0] if composed else None


def mine(kiosk: Kiosk, person: Person) -> subscriptions.Subscription:
    with kiosk.kit.db.begin() as tx:
        (own,) = subscriptions.subscriptions_of(tx, person.party)
    return own


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_cause_has_its_own_words(kiosk: Kiosk, anna: Person, code: str) -> None:
    with kiosk.kit.db.begin() as tx:
        known = identity.find_user(tx, anna.telegram_id)
        assert known is not None
        identity.choose_language(tx, known.id, code)
    for kind in ("extended", "access_file"):
        texts = [said(kiosk, anna, kind, cause=cause) for cause in CAUSES]
        assert None not in texts
        assert len(set(texts)) == 5, "who was given days reads the same, whatever gave them"
        if code != "en":
            assert not any(re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", one or "")) for one in texts)


def test_only_who_paid_is_thanked(kiosk: Kiosk, anna: Person) -> None:
    for kind in ("extended", "access_file"):
        thanked = {cause for cause in CAUSES if "hank" in (said(kiosk, anna, kind, cause=cause) or "")}
        assert thanked == {"payment"}
    assert "thank" in (said(kiosk, anna, "access_file") or ""), "messages of earlier releases have no cause"


def test_a_pause_is_told_while_it_lasts_and_once(kiosk: Kiosk, anna: Person) -> None:
    own = mine(kiosk, anna)
    assert said(kiosk, anna, "paused") is None
    with kiosk.kit.db.begin() as tx:
        subscriptions.pause(tx, anna.party, own.id, kiosk.now)
    kiosk.drain()
    assert "Kept for you: " in kiosk.messages(anna)[-1]["text"]
    event = subscriptions.SubscriptionPaused(
        subscription_id=own.id, party=str(anna.party), ends_at=own.ends_at, change_id=7
    )
    before = kiosk.count("messages")
    for _ in range(2):
        with kiosk.kit.db.begin() as tx:
            notifications.tell_paused(tx, event, kiosk.now)
    assert kiosk.count("messages") == before + 1


def test_a_cancellation_is_told_unless_it_was_taken_back(kiosk: Kiosk, anna: Person) -> None:
    own = mine(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        subscriptions.cancel(tx, anna.party, own.id, kiosk.now)
    assert "will not be renewed" in (said(kiosk, anna, "canceled") or "")
    with kiosk.kit.db.begin() as tx:
        subscriptions.keep(tx, anna.party, own.id, kiosk.now)
    before = len(kiosk.messages(anna))
    kiosk.drain()
    assert len(kiosk.messages(anna)) == before


def test_a_gift_of_other_limits_tells_how_many_devices(kiosk: Kiosk, anna: Person) -> None:
    with kiosk.kit.db.begin() as tx:
        known = catalog.tariff(tx, "vpn-1m")
        tx.execute(text("UPDATE tariffs SET devices = 7"))
        tx.expire_all()
        quote = catalog.terms(catalog.tariff(tx, "vpn-1m"), known.prices["RUB"])
        free = Money(0, "RUB")
        subscriptions.give(tx, anna.party, quote, reference="gift:1", cause="gift", value=free, now=kiosk.now)
    kiosk.drain()
    told = kiosk.messages(anna)[-1]["text"]
    assert "Days were added" in told
    assert "Devices: up to 7" in told
