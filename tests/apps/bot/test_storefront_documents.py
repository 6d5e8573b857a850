"""A file that was bought, in the chat: sent again, or a link to download it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from apps.web.main import create
from tests.apps.bot.storefront import Storefront, Visitor, buttons
from tests.services.provisioning.goods_sold import end, owned, sell


@pytest.fixture
def anna(shop: Storefront) -> Visitor:
    assert shop.kiosk.kit.storage is not None
    shop.kiosk.kit.storage.put("handbook.pdf", b"%PDF", "application/pdf")
    sell(shop.kiosk, "file", file="handbook.pdf", file_name="handbook.pdf", title={"en": "The handbook"})
    visitor = shop.visitor()
    visitor.say("/start")
    shop.kiosk.buy(visitor.person(), "thing")
    return visitor


def documents(visitor: Visitor) -> int:
    return sum("document" in message for message in visitor.messages())


def test_the_file_comes_again_on_request(shop: Storefront, anna: Visitor) -> None:
    assert documents(anna) == 1
    offered = anna.tap("⬇️ Get the file")
    assert [button["text"] for button in buttons(offered)][:2] == ["Send it here", "Get a link"]
    assert "on its way" in anna.tap("Send it here")["text"]
    shop.kiosk.drain()
    assert documents(anna) == 2


def test_a_link_on_request_opens_the_file(shop: Storefront, anna: Visitor) -> None:
    anna.tap("⬇️ Get the file")
    shown = anna.tap("Get a link")
    url = buttons(shown)[0]["url"]
    assert url.startswith(f"{shop.kiosk.kit.settings.public_url}/d/")
    with TestClient(create(shop.kiosk.kit), follow_redirects=False) as browser:
        assert browser.post(url.removeprefix(str(shop.kiosk.kit.settings.public_url))).status_code == 303


def test_other_people_and_former_owners_get_neither(shop: Storefront, anna: Visitor) -> None:
    grant_id = owned(shop.kiosk, anna.person()).grant_id
    stranger = shop.visitor()
    message = stranger.say("/start")
    for visitor in (stranger, anna):
        for word in ("doc", "docsend", "doclink"):
            answered = visitor.press(message if visitor is stranger else anna.last(), f"{word}:{grant_id}")
            assert not any("/d/" in button.get("url", "") for button in buttons(answered))
            assert "The handbook" not in answered["text"]
        shop.kiosk.drain()
        if visitor is stranger:
            end(shop.kiosk, anna.person())
            anna.say("/start")
    assert documents(stranger) == 0
    assert documents(anna) == 1
    assert shop.kiosk.count("download_links") == 0
