"""Who invited whom: once, for ever, nobody themselves, never in a circle."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from services import billing, identity, referrals
from services.platform.db import Database
from tests.factories import at_once, make_tariff, make_user


def joins(tx: Session, now: datetime, number: int, parameter: str | None, name: str = "Борис") -> identity.User:
    """Somebody new, and what the news of it causes."""
    user = identity.greet(
        tx,
        telegram_id=number,
        first_name=name,
        username=None,
        language_code="ru",
        start_parameter=parameter,
        now=now,
    )
    referrals.note_joined(tx, identity.UserJoined(user_id=user.id, start_parameter=parameter), now)
    return user


def link(tx: Session, user: identity.User, now: datetime) -> str:
    return referrals.start_parameter(referrals.code_of(tx, user.id, now))


def test_a_link_is_made_once_and_fits_telegram(tx: Session, now: datetime) -> None:
    anna, boris = make_user(tx, now), make_user(tx, now)
    assert link(tx, anna, now) == link(tx, anna, now) != link(tx, boris, now)
    assert re.fullmatch(r"ref_[a-z2-9]{10}", link(tx, anna, now))


def test_a_link_asked_for_by_many_at_once_is_one(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        anna = make_user(tx, now)

    def ask(_number: int) -> str:
        with db.begin() as tx:
            return referrals.code_of(tx, anna.id, now)

    assert len(set(at_once(6, ask))) == 1


def test_whoever_is_new_and_comes_by_a_link_was_invited(tx: Session, now: datetime) -> None:
    anna = make_user(tx, now)
    boris = joins(tx, now, 100, link(tx, anna, now))
    assert identity.invited_by(tx, boris.id) == anna.id
    shown = referrals.invitation(tx, anna.id, now)
    assert (shown.came, shown.paid, shown.days, shown.money) == (1, 0, 0, ())
    assert [(one.first_name, one.state) for one in referrals.friends(tx, anna.id)] == [("Борис", "joined")]


@pytest.mark.parametrize("parameter", [None, "", "ref_", "ref_nobodyhas1", "gift_x", "REF_abc", "ads-1", "promo_x"])
def test_other_parameters_invite_nobody(tx: Session, now: datetime, parameter: str | None) -> None:
    boris = joins(tx, now, 100, parameter)
    assert identity.invited_by(tx, boris.id) is None


def test_the_news_again_and_another_link_later_change_nothing(tx: Session, now: datetime) -> None:
    anna, vera = make_user(tx, now), make_user(tx, now)
    boris = joins(tx, now, 100, link(tx, anna, now))
    referrals.note_joined(tx, identity.UserJoined(user_id=boris.id, start_parameter=link(tx, vera, now)), now)
    joins(tx, now, 100, link(tx, vera, now))  # known by now: /start again by another link
    assert identity.invited_by(tx, boris.id) == anna.id
    assert referrals.invitation(tx, vera.id, now).came == 0
    assert referrals.invitation(tx, anna.id, now).came == 1


def test_who_was_here_before_is_nobodys_friend(tx: Session, now: datetime) -> None:
    anna, old = make_user(tx, now), make_user(tx, now, telegram_id=100)
    joins(tx, now, 100, link(tx, anna, now))
    assert identity.invited_by(tx, old.id) is None
    assert referrals.invitation(tx, anna.id, now).came == 0


def test_nobody_invites_themselves_and_circles_do_not_close(tx: Session, now: datetime) -> None:
    anna = make_user(tx, now)
    boris = joins(tx, now, 100, link(tx, anna, now))
    vera = joins(tx, now, 101, link(tx, boris, now))
    assert not identity.record_inviter(tx, anna.id, anna.id)
    assert not identity.record_inviter(tx, anna.id, boris.id)
    assert not identity.record_inviter(tx, anna.id, vera.id), "over one between them"
    joins(tx, now, anna.telegram_id, link(tx, vera, now))
    assert identity.invited_by(tx, anna.id) is None


def test_two_who_invite_each_other_at_once_make_no_circle(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        pair = [make_user(tx, now).id, make_user(tx, now).id]

    def invite(number: int) -> bool:
        with db.begin() as tx:
            return identity.record_inviter(tx, pair[number], pair[1 - number])

    assert sorted(at_once(2, invite)) == [False, True]


def test_pages_show_the_newest_first_and_only_ones_own(tx: Session, now: datetime) -> None:
    anna, vera = make_user(tx, now), make_user(tx, now)
    for number in range(5):
        joins(tx, now, 100 + number, link(tx, anna, now), f"Friend {number}")
    joins(tx, now, 200, link(tx, vera, now), "Somebody else")
    pages = [[one.first_name for one in referrals.friends(tx, anna.id, offset=at, limit=3)] for at in (0, 3, 6)]
    assert pages == [["Friend 4", "Friend 3", "Friend 2"], ["Friend 1", "Friend 0"], []]


def test_tariffs_for_the_invited_are_seen_by_them_alone(tx: Session, now: datetime) -> None:
    make_tariff(tx, now)
    anna = make_user(tx, now)
    boris = joins(tx, now, 100, link(tx, anna, now))
    assert "invited" in billing.audiences(tx, boris.party)
    assert "invited" not in billing.audiences(tx, anna.party)
    assert billing.audiences(tx, boris.party) >= {"all", "new"}
