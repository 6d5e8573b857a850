"""What is said of ends and renewals: in the reader's language, in each form, and only while it is true."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from services import billing, identity, subscriptions
from services.notifications.channels.base import Outgoing
from services.notifications.messages import compose
from services.notifications.models import MessageRow
from services.platform.i18n import LANGUAGES
from tests.world import Kiosk, Person


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    """Her subscription, number 1, renews from a card."""
    anna = kiosk.person()
    with kiosk.kit.db.begin() as tx:
        billing.consent_to_saving(tx, anna.party, kiosk.now)
    kiosk.pay(kiosk.checkout(anna, save=True))
    kiosk.drain()
    return anna


def said(kiosk: Kiosk, anna: Person, message: str, /, **params: Any) -> Outgoing | None:
    with kiosk.kit.db.begin() as tx:
        ends_at = subscriptions.subscription(tx, 1).ends_at.isoformat()
        given = {"subscription_id": 1, "ends_at": ends_at, "until": ends_at} | params
        row = MessageRow(kind=message, params=given, telegram_id=anna.telegram_id)
        person = identity.find_user(tx, anna.telegram_id)
        return compose(tx, row, person, "Europe/Moscow", kiosk.kit.cipher)


def put(kiosk: Kiosk, sql: str) -> None:
    with kiosk.kit.db.begin() as tx:
        tx.execute(text(sql))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_form_is_in_the_persons_language(kiosk: Kiosk, anna: Person, code: str) -> None:
    put(kiosk, f"UPDATE users SET chosen_language = '{code}'")
    found = [said(kiosk, anna, "renewal_on")]
    put(kiosk, "UPDATE subscription_renewals SET turned_off_at = now(), off_cause = 'user'")
    found += [
        said(kiosk, anna, "renewal_off", cause=cause) for cause in ("withdrawn", "card_refused", "card_forgotten")
    ]
    for state, kind in (
        ("active", "72h"),
        ("trial", "48h"),
        ("canceled", "24h"),
        ("expired", "after"),
        ("grace", "after"),
    ):
        put(kiosk, f"UPDATE subscriptions SET state = '{state}'")
        found.append(said(kiosk, anna, "reminder", kind=kind))
    found.append(said(kiosk, anna, "grace"))
    for message in found:
        assert message is not None
        words = " ".join([re.sub("<[^>]+>", "", message.text), *(one.text for row in message.rows for one in row)])
        if code != "en":
            assert not re.search("[A-Za-z]{4,}", re.sub("MasterCard|Mastercard|Visa|Bank card", "", words)), words


def test_a_reminder_that_a_renewal_made_untrue_is_not_sent(kiosk: Kiosk, anna: Person) -> None:
    with kiosk.kit.db.begin() as tx:
        before = subscriptions.subscription(tx, 1).ends_at.isoformat()
    assert said(kiosk, anna, "reminder", kind="24h", ends_at=before) is not None
    kiosk.buy(anna)
    assert said(kiosk, anna, "reminder", kind="24h", ends_at=before) is None
    assert said(kiosk, anna, "grace", ends_at=before) is None


@pytest.mark.parametrize("state", ["paused", "expired"])
def test_before_the_end_nothing_is_said_of_what_no_longer_runs(kiosk: Kiosk, anna: Person, state: str) -> None:
    put(kiosk, f"UPDATE subscriptions SET state = '{state}'")
    assert said(kiosk, anna, "reminder", kind="24h") is None


def test_after_the_end_nothing_is_said_to_who_is_back(kiosk: Kiosk, anna: Person) -> None:
    assert said(kiosk, anna, "reminder", kind="after") is None
