"""What people and operators are told about private chats, in their language."""

from __future__ import annotations

import re

import pytest

from apps.sandbox.telegram.entities import parse_html
from services import identity
from services.notifications.about_channels import refused
from services.notifications.channels.base import Outgoing
from services.notifications.messages import compose
from services.notifications.models import MessageRow
from services.platform.i18n import LANGUAGES, language
from tests.services.provisioning.channels.door_world import Door
from tests.world import Kiosk

INTERNATIONAL = "Telegram|user:[0-9]+|no_rights|can_\\w+"
CAUSES = ("payment", "rotation", "gift")


@pytest.fixture
def door(kiosk: Kiosk) -> Door:
    return Door(kiosk)


def said(door: Door, code: str, kind: str, **params: object) -> Outgoing | None:
    with door.kiosk.kit.db.begin() as tx:
        known = identity.find_user(tx, door.anna.telegram_id)
        assert known is not None
        identity.choose_language(tx, known.id, code)
        person = identity.find_user(tx, door.anna.telegram_id)
        about = {"subscription_id": door.subscription(), "grant_id": door.grant().id, **params}
        row = MessageRow(kind=kind, params=about, telegram_id=door.anna.telegram_id)
        return compose(tx, row, person, "Europe/Moscow", door.kiosk.kit.cipher)


def words(message: Outgoing | None) -> str:
    assert message is not None
    return "\n".join([parse_html(message.text)[0], *(button.text for row in message.rows for button in row)])


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_in_the_persons_language(door: Door, code: str) -> None:
    title = "<Клуб> & Co"
    told = [
        *(words(said(door, code, "access_good", cause=cause, anew=cause == "rotation")) for cause in CAUSES),
        words(said(door, code, "extended")),
        words(said(door, code, "channel_removed", title=title)),
        words(said(door, code, "admin_channel_lost", title=title, chat_id=door.chat, reason="can_invite_users")),
        words(said(door, code, "admin_channel_back", title=title)),
        words(said(door, code, "admin_member_banned", title=title, telegram_id=7, party="user:1")),
        words(refused(language(code), title, None)),
    ]
    assert len(set(told)) == 9
    assert all(title in text for text in told[4:])
    for text in told:
        if code != "en":
            plain = re.sub(INTERNATIONAL, "", text.replace(title, "").replace("The club", ""))
            assert not re.search("[A-Za-z]{3,}", plain), text


def test_an_invitation_that_is_no_longer_valid_is_not_sent(door: Door) -> None:
    message = said(door, "en", "access_good")
    assert message is not None
    assert message.rows[0][0].url == door.link()
    door.want("ended")
    assert said(door, "en", "access_good") is None


def test_who_has_not_started_the_bot_gets_a_link_to_it() -> None:
    say = language("en")
    [[button]] = refused(say, "Club", "https://t.me/kiosk_bot?start=shop").rows
    assert (button.url, button.data) == ("https://t.me/kiosk_bot?start=shop", None)
    [[button]] = refused(say, "Club", None).rows
    assert (button.url, button.data) == (None, "shop")
