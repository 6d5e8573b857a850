from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import identity
from services.identity import Party
from services.identity.models import ConsentRow, UserRow
from services.platform.db import Database
from services.platform.outbox import OutboxEvent
from tests.factories import at_once, make_user

ANNA = 7_000_000_001  # Telegram's ids have long outgrown 32 bits


def greet(tx: Session, now: datetime, **changes: Any) -> identity.User:
    person = {"telegram_id": ANNA, "first_name": "Анна", "username": "anna", "language_code": "uk"}
    return identity.greet(tx, now=now, **(person | changes))


def joined(tx: Session) -> list[dict[str, Any]]:
    return list(tx.scalars(select(OutboxEvent.body).where(OutboxEvent.name == identity.UserJoined.name)))


def test_a_new_person_is_registered_and_announced(tx: Session, now: datetime) -> None:
    anna = greet(tx, now, start_parameter="from-friend")
    assert (anna.telegram_id, anna.first_name, anna.username, anna.language.code) == (ANNA, "Анна", "anna", "uk")
    assert anna.reachable
    assert not anna.language_is_chosen
    assert anna.party == Party("user", anna.id)
    assert joined(tx) == [{"user_id": anna.id, "start_parameter": "from-friend"}]
    assert identity.user(tx, anna.id) == identity.find_user(tx, ANNA) == anna


def test_a_known_person_is_updated_and_not_announced_again(tx: Session, now: datetime) -> None:
    first = greet(tx, now, start_parameter="from-friend")
    later = now + timedelta(days=1)
    held = tx.get_one(UserRow, first.id)  # a session gives objects it holds, unless it is told to read them anew
    again = greet(tx, later, first_name="Аня" * 100, username=None, language_code="en", start_parameter="other")
    assert (again.id, again.first_name, again.username, again.language.code) == (
        first.id,
        ("Аня" * 100)[:128],
        None,
        "en",
    )
    assert len(joined(tx)) == 1
    assert (held.created_at, held.seen_at, held.start_parameter) == (now, later, "from-friend")


def test_twenty_updates_of_a_new_person_at_once_make_one(db: Database, now: datetime) -> None:
    def knock(_number: int) -> int:
        with db.begin() as tx:
            return greet(tx, now).id

    assert len(set(at_once(20, knock))) == 1
    with db.begin() as tx:
        assert len(joined(tx)) == 1


def test_whoever_writes_is_reachable_again(tx: Session, now: datetime) -> None:
    anna = greet(tx, now)
    identity.mark_unreachable(tx, ANNA, now)
    assert not identity.user(tx, anna.id).reachable
    identity.mark_unreachable(tx, ANNA, now + timedelta(days=1))
    assert tx.get_one(UserRow, anna.id, populate_existing=True).unreachable_at == now, "the first moment stays"
    assert greet(tx, now).reachable
    identity.mark_unreachable(tx, ANNA + 1, now)  # nobody we know: nothing happens


def test_a_chosen_language_outlives_what_telegram_says(tx: Session, now: datetime) -> None:
    anna = greet(tx, now, language_code="en")
    chosen = identity.choose_language(tx, anna.id, "uk")
    assert (chosen.language.code, chosen.language_is_chosen) == ("uk", True)
    assert greet(tx, now, language_code="ru").language.code == "uk"
    assert identity.choose_language(tx, anna.id, "de").language.code == "ru", "one we do not speak"


def test_people_nobody_knows(tx: Session) -> None:
    assert identity.find_user(tx, ANNA) is None
    with pytest.raises(identity.UserNotFound):
        identity.user(tx, 10**12)
    with pytest.raises(identity.UserNotFound):
        identity.choose_language(tx, 10**12, "ru")


def test_consent_is_to_a_version_and_keeps_its_first_moment(tx: Session, now: datetime) -> None:
    anna, boris = make_user(tx, now), make_user(tx, now)
    identity.consent(tx, anna.id, "terms", "2026-01", now)
    identity.consent(tx, anna.id, "terms", "2026-01", now + timedelta(days=1))
    assert identity.has_consented(tx, anna.id, "terms", "2026-01")
    assert not identity.has_consented(tx, anna.id, "terms", "2026-02")
    assert not identity.has_consented(tx, anna.id, "privacy", "2026-01")
    assert not identity.has_consented(tx, boris.id, "terms", "2026-01")
    assert tx.get_one(ConsentRow, (anna.id, "terms", "2026-01"), populate_existing=True).given_at == now


@given(st.sampled_from(["user", "workspace"]), st.integers(1, 10**18 - 1))
def test_a_party_survives_its_written_form(kind: str, number: int) -> None:
    assert Party.parse(str(Party(kind, number))) == Party(kind, number)


@pytest.mark.parametrize(
    "text", ["", "user", "user:", "user:0", "user:01", "user:-1", "user:1 ", "bot:1", "user:١", "user:1\n"]
)
def test_what_is_no_party(text: str) -> None:
    with pytest.raises(ValueError, match="not a party"):
        Party.parse(text)
