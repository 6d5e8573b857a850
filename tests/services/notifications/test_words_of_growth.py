"""What people are told of invitations and gifts, in every language: true, translated, and taken by Telegram."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from apps.sandbox.telegram.entities import parse_html
from services import billing, gifts, identity
from services.notifications.messages import KINDS, compose
from services.notifications.models import MessageRow
from services.platform.i18n import LANGUAGES
from services.referrals.models import ReferralRow, RewardRow
from tests.world import Kiosk, Person

INTERNATIONAL = r"VPN|Eva|https?://\S+|/gift|[A-Z2-9]{4}(-[A-Z2-9]{4}){3}"
FORMS = [(7, None, None), (None, 50, "BONUS"), (None, 2990, "RUB")]


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    """Has bought a gift, and invited Eva."""
    anna = kiosk.person("Anna")
    eva = kiosk.person("Eva")
    with kiosk.kit.db.begin() as tx:
        quote = gifts.quote(tx, "vpn-1m", "RUB")
    opened = billing.checkout(
        kiosk.kit.db, kiosk.kit.providers["yookassa"], party=anna.party, quote=quote, description="VPN",
        return_url="https://t.me/kiosk_bot", now=kiosk.now,
    )  # fmt: skip
    kiosk.pay(opened)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        tx.add(ReferralRow(invited_id=eva.party.id, inviter_id=anna.party.id, state="paid", joined_at=kiosk.now))
        tx.flush()
        for side, owner in (("inviter", anna), ("invited", eva)):
            tx.add(
                RewardRow(
                    invited_id=eva.party.id, side=side, user_id=owner.party.id, days=1, product="vpn",
                    state="given", changed_at=kiosk.now,
                )
            )  # fmt: skip
    return anna


def composed(kiosk: Kiosk, reader: Person, kind: str, params: dict[str, Any]) -> str | None:
    with kiosk.kit.db.begin() as tx:
        person = identity.find_user(tx, reader.telegram_id)
        row = MessageRow(kind=kind, params=params, telegram_id=reader.telegram_id)
        message = compose(tx, row, person, "Europe/Moscow", kiosk.kit.cipher, "https://t.me/kiosk_bot")
    if message is None:
        return None
    return "\n".join([parse_html(message.text)[0], *(button.text for line in message.rows for button in line)])


def rewards(kiosk: Kiosk, reader: Person) -> list[str]:
    """In every state, on either side, for every kind of reward."""
    found = []
    for days, minor, currency in FORMS:
        for state in ("pending", "given", "taken_back"):
            with kiosk.kit.db.begin() as tx:
                tx.execute(
                    text(
                        "UPDATE referral_rewards SET days = :days, minor = :minor, currency = :currency, state = :state"
                    ),
                    {"days": days, "minor": minor, "currency": currency, "state": state},
                )
            for side in ("inviter", "invited"):
                number = kiosk.scalar("SELECT id FROM referral_rewards WHERE side = :side", side=side)
                words = composed(kiosk, reader, "referral_reward", {"reward_id": number, "state": state})
                assert words is not None
                found.append(words)
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_is_in_the_persons_language(kiosk: Kiosk, anna: Person, code: str) -> None:
    with kiosk.kit.db.begin() as tx:
        tx.execute(text("UPDATE users SET chosen_language = :code"), {"code": code})
    number = kiosk.scalar("SELECT id FROM gifts")
    about = {"gift_id": number, "minor": 29900, "currency": "RUB"}
    seen = rewards(kiosk, anna)
    kinds = [kind for kind in KINDS if kind.startswith("gift_")]
    assert len(kinds) == 5
    with kiosk.kit.db.begin() as tx:
        card = composed(kiosk, anna, "gift_card", about)
        tx.execute(text("UPDATE gifts SET claimed_by = 'user:' || (SELECT max(id) FROM users)"))
    assert card is not None
    seen += [card, *(words for kind in kinds if (words := composed(kiosk, anna, kind, about)))]
    for words in seen:
        assert 0 < len(words) < 1500
        if code != "en":
            assert not re.search("[A-Za-z]{3,}", re.sub(INTERNATIONAL, "", words)), words


def test_what_no_longer_stands_is_not_told(kiosk: Kiosk, anna: Person) -> None:
    number = kiosk.scalar("SELECT min(id) FROM referral_rewards")
    assert composed(kiosk, anna, "referral_reward", {"reward_id": number, "state": "pending"}) is None
    with kiosk.kit.db.begin() as tx:
        gifts.expire(tx, kiosk.now + timedelta(days=91))
    assert composed(kiosk, anna, "gift_card", {"gift_id": kiosk.scalar("SELECT id FROM gifts")}) is None
    assert composed(kiosk, anna, "gift_claimed", {"gift_id": kiosk.scalar("SELECT id FROM gifts")}) is None
