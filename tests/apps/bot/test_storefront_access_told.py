"""What people are told of their access by itself: each good once, in words of its kind, and never twice the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from apps.sandbox.telegram.entities import parse_html
from services import notifications, provisioning
from services.catalog import Good
from services.platform.i18n import language
from services.platform.outbox import emit
from services.provisioning import Access, AccessGranted, Artifact, GrantChanged
from tests.apps.bot.access_shop import AccessShop, open_access_shop
from tests.apps.bot.storefront import Storefront, Visitor, buttons


@pytest.fixture
def access(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> AccessShop:
    return open_access_shop(shop, monkeypatch)


def told(anna: Visitor, after: int = 0) -> list[str]:
    return [str(one.get("caption") or one["text"]) for one in anna.messages()[after:]]


def announce(access: AccessShop, anna: Visitor, **how: Any) -> None:
    """The other side has confirmed, once more."""
    one, kit = access.subscription(anna), access.shop.kiosk.kit
    event = AccessGranted(
        subscription_id=one.id, party=str(one.party), ends_at=one.ends_at, **{"invoice_id": 0, "fresh": False} | how
    )
    with kit.db.begin() as tx:
        notifications.tell_access_granted(tx, kit.cipher, event, access.shop.kiosk.now)
    access.shop.kiosk.drain()
    access.shop.kiosk.hurry()


def test_each_good_is_told_once_and_the_payment_once(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club", "program", "note", "wireguard")
    before = len(anna.messages())
    access.buy(anna)
    said = told(anna, before)
    assert len(said) == 6
    assert said[0].startswith("All at once is paid, thank you! Your access in Berlin works until ")
    assert "\nServers of Europe\n\nYour link: https://sub.example/" in said[0]
    assert said[1].startswith("Also yours with All at once: Private channel.\n\nTap the button")
    assert said[2].startswith("Also yours with All at once: Licence key.\n\nYour key: KEY-")
    assert said[3].startswith("Also yours with All at once: Text.\n\nYour <word> & number: ")
    assert said[4].startswith("Also yours with All at once: WireGuard.\n\nOpen this file")
    assert "scan this code" in said[5]
    assert sum("thank you" in one for one in said) == 1


def test_a_renewal_is_told_once_for_all_goods(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club", "program")
    access.buy(anna)
    before = len(anna.messages())
    access.buy(anna)
    (said,) = told(anna, before)
    assert said.startswith("Thank you! All at once now works until ")
    assert said.endswith("Your configuration stays the same.")


def test_what_needs_no_app_has_no_configuration_to_stay_the_same(access: AccessShop, anna: Visitor) -> None:
    access.sells("club", "program")
    access.buy(anna)
    assert told(anna)[1].startswith("All at once is paid, thank you! Your access works until ")
    access.buy(anna)
    assert "configuration" not in told(anna)[-1]


def test_a_renewal_with_one_good_more_shows_it_and_thanks_once(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    before = len(anna.messages())
    access.sells("servers", "program")
    access.buy(anna)
    said = told(anna, before)
    assert sum("hank you" in one for one in said) == 1
    assert [one for one in said if one.startswith("Also yours with All at once: Licence key.")] == said[1:]


def test_hearing_twice_tells_nothing_twice(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club")
    access.buy(anna)
    invoice = access.shop.kiosk.scalar("SELECT max(id) FROM invoices")
    before = len(anna.messages())
    for one in access.given(anna):
        for _ in range(2):
            announce(access, anna, grant_id=one.grant_id, invoice_id=invoice)
    assert told(anna, before) == []


def test_goods_confirmed_at_the_same_moment_thank_once(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club", "program")
    access.buy(anna)
    one, kit = access.subscription(anna), access.shop.kiosk.kit
    together = Barrier(3)

    def confirmed(grant_id: int) -> None:
        event = AccessGranted(
            grant_id=grant_id,
            subscription_id=one.id,
            invoice_id=10**6,
            party=str(one.party),
            fresh=True,
            ends_at=one.ends_at,
        )
        with kit.db.begin() as tx:
            together.wait(10)
            notifications.tell_access_granted(tx, kit.cipher, event, access.shop.kiosk.now)

    before = len(anna.messages())
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(confirmed, [mine.grant_id for mine in access.given(anna)]))
    access.shop.kiosk.drain()
    access.shop.kiosk.hurry()
    said = told(anna, before)
    assert len(said) == 3
    assert [one.startswith("Also yours") for one in said] == [False, True, True]


def test_what_ended_meanwhile_is_not_told(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    (mine,) = access.given(anna)
    access.shop.kiosk.scalar("UPDATE access_grants SET wanted = 'ended' RETURNING 1")
    before = len(anna.messages())
    announce(access, anna, grant_id=mine.grant_id, fresh=True, cause="rotation", revision=99)
    assert told(anna, before) == []


def test_repaired_credentials_are_sent_and_what_stayed_the_same_is_not(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.buy(anna)
    (mine,) = access.given(anna)
    before = len(anna.messages())
    for secret in (access.thing().secret, "f" * 32, "f" * 32):
        access.thing().secret = secret
        with access.shop.kiosk.kit.db.begin() as tx:
            revision = tx.scalar(text("UPDATE access_grants SET revision = revision + 1 RETURNING revision"))
            emit(tx, GrantChanged(grant_id=mine.grant_id, revision=revision, cause="repair"), access.shop.kiosk.now)
        access.shop.kiosk.drain()
    (said,) = told(anna, before)
    assert said.startswith("🔄 Servers of Europe: here is the new access. The old one no longer works.\n\nYour link: ")
    assert "f" * 32 in said


def test_a_lost_answer_leaves_a_way_to_it(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers")
    access.shop.kiosk.post("/telegram/faults", mode="502", method="sendPhoto")
    access.buy(anna)
    last = anna.last()
    assert "If it did not arrive, it is here:" in last["text"]
    access.shop.kiosk.http.delete("/telegram/faults")
    assert "Works until" in anna.press(last, buttons(last)[0]["callback_data"])["text"]
    assert access.shop.kiosk.count("messages", "kind = 'access_ready'") == 1


def test_a_delay_names_its_good_where_there_are_several(access: AccessShop, anna: Visitor) -> None:
    access.sells("servers", "club")
    access.sides["channel"].break_down("down")
    access.buy(anna)
    (said,) = [one for one in told(anna) if "takes longer than usual" in one]
    assert "Preparing Private channel takes longer" in said


def test_a_document_is_told_elsewhere(access: AccessShop, anna: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    side = access.shop.kiosk.kit.provisioners["text"]
    monkeypatch.setattr(side, "artifact", lambda secret: Artifact("document", secret, "book.pdf"))
    access.sells("note")
    before = len(anna.messages())
    access.buy(anna)
    assert told(anna, before) == []
    assert access.shop.kiosk.count("messages") == 0
    anna.say("/my")
    card = anna.tap("Access and keys")
    assert [button["text"] for button in buttons(card)] == ["‹ Back", "Main menu"]


@pytest.mark.parametrize("code", ["ru", "uk", "en"])
def test_a_good_is_called_by_its_name_in_the_persons_language(access: AccessShop, code: str) -> None:
    visitor = access.shop.visitor(language_code=code)
    visitor.say("/start")
    access.sells("servers")
    access.buy(visitor)
    name = {"ru": "Серверы Европы", "uk": "Сервери Європи", "en": "Servers of Europe"}[code]
    assert f"\n{name}\n" in told(visitor)[-1]


def shown(*artifacts: Artifact, kind: str = "remnawave") -> list[notifications.Outgoing]:
    one = Access(5, Good("x", kind, {}, {}), "ready", "Berlin", artifacts=artifacts, subscription_id=7)
    return notifications.show_again(language("en"), one)


def test_a_link_too_long_for_a_caption_or_a_copy_button_goes_without() -> None:
    (short,) = shown(Artifact("link", "https://x.example/" + "a" * 200))
    assert short.attachment
    assert [button.text for row in short.rows for button in row][:2] == ["Copy the link", "Open the link"]
    (long,) = shown(Artifact("link", "https://x.example/" + "a" * 1200))
    assert long.attachment is None
    assert "scan" not in long.text
    assert next(button.text for row in long.rows for button in row) == "Open the link"


def test_what_is_no_page_gets_no_button_to_open_it() -> None:
    for content in ("vless://secret", "happ://add/x", "javascript:alert(1)"):
        (message,) = shown(Artifact("link", content))
        assert not any(button.url for row in message.rows for button in row)
        (invited,) = shown(Artifact("invite", content), kind="channel")
        assert not any(button.url for row in invited.rows for button in row)


def test_a_text_too_long_for_a_message_comes_as_a_file() -> None:
    content = "Слово & дело <b>\n" * 400
    (message,) = shown(Artifact("text", content), kind="text")
    assert message.attachment
    assert message.attachment.name == "text.txt"
    assert message.attachment.content.decode() == content
    assert len(parse_html(message.text)[0]) < 1024


def test_several_things_of_one_good_are_one_message() -> None:
    (message,) = shown(Artifact("key", "A<B"), Artifact("text", "Read & enjoy"), Artifact("document", "there", "x.pdf"))
    said, entities = parse_html(message.text)
    assert said.startswith("🔑 VPN, Berlin\n\nYour key: A<B\nTap it")
    assert said.endswith("\n\nRead & enjoy")
    assert [one["type"] for one in entities] == ["bold", "code"]
    assert shown() == []


def test_no_secret_is_in_what_python_prints_of_a_message() -> None:
    messages = shown(
        Artifact("file", "PrivateKey = S3CRET", "x.conf"),
        Artifact("link", "https://x/S3CRET"),
        Artifact("key", "S3CRET"),
    )
    assert len(messages) == 3
    assert "S3CRET" not in repr(messages)
    assert provisioning.qr_png("S3CRET")[:4] == b"\x89PNG"
