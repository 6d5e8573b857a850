"""Texts and links out of the catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import catalog
from services.catalog import BadCatalogue
from services.platform.errors import Misconfigured
from services.provisioning.provisioners.link import Link
from services.provisioning.provisioners.text import Text
from tests.services.provisioning.goods_sold import TARIFF, end, owned, sell, shown, touch, wish
from tests.world import Kiosk

TEXTS = {"ru": "Пароль: <тайна> & всё", "en": "The password is <secret>"}


def test_each_buyer_gets_the_text_in_their_language(kiosk: Kiosk) -> None:
    sell(kiosk, "text", text=TEXTS)
    anna, john, olha = kiosk.person("Анна"), kiosk.person("John", "en"), kiosk.person("Ольга", "uk")
    for person in (anna, john, olha):
        kiosk.buy(person, "thing")
    for person, content in ((anna, TEXTS["ru"]), (john, TEXTS["en"]), (olha, TEXTS["ru"])):
        (one,) = shown(kiosk, person)
        assert (one.kind, one.content) == ("text", content)


def test_a_link_is_shown_while_access_lasts(kiosk: Kiosk) -> None:
    sell(kiosk, "link", url="https://example.org/club?key=7")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    (one,) = shown(kiosk, anna)
    assert (one.kind, one.content) == ("link", "https://example.org/club?key=7")
    end(kiosk, anna)
    assert owned(kiosk, anna).state == "ended"
    assert shown(kiosk, anna) == []


def test_a_text_that_was_mended_is_new_to_its_owners_and_the_same_text_is_not(kiosk: Kiosk) -> None:
    sell(kiosk, "text", text={"ru": "Код 1"})
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    announced = "SELECT count(*) FROM outbox_events WHERE name = 'provisioning.access_granted'"
    touch(kiosk, anna)
    assert kiosk.scalar(announced) == 1
    sell(kiosk, "text", text={"ru": "Код 2"})
    touch(kiosk, anna)
    assert [one.content for one in shown(kiosk, anna)] == ["Код 2"]
    assert kiosk.scalar(announced + " AND (body->>'fresh')::boolean") == 2


@pytest.mark.parametrize("adapter", [Text(), Link()])
def test_applying_twice_and_asking_gives_the_same(kiosk: Kiosk, adapter: Text | Link) -> None:
    options = {"text": {"text": {"ru": "Код"}}, "link": {"url": "https://example.org"}}[adapter.kind]
    sell(kiosk, adapter.kind, **options)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    grant = wish(kiosk, anna)
    first = adapter.apply(kiosk.kit.db, grant, {}, kiosk.now)
    assert adapter.apply(kiosk.kit.db, grant, first.ref, kiosk.now) == first
    assert adapter.fetch(kiosk.kit.db, grant, first.ref, kiosk.now) == first
    adapter.remove(kiosk.kit.db, grant, first.ref, kiosk.now)
    adapter.remove(kiosk.kit.db, grant, first.ref, kiosk.now)


def test_a_good_that_lost_its_text_keeps_the_order(kiosk: Kiosk) -> None:
    sell(kiosk, "text", text={"ru": "Код"})
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("UPDATE goods SET options = '{}'")
    with pytest.raises(Misconfigured, match="thing-good"):
        Text().apply(kiosk.kit.db, wish(kiosk, anna), {}, kiosk.now)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text", ""),
        ("text", 'text = "not by language"'),
        ("text", 'text = {de = "nicht unsere Sprache"}'),
        ("text", 'text = {ru = ""}'),
        ("text", f'text = {{ru = "{"x" * 3001}"}}'),
        ("link", 'url = "http://example.org"'),
        ("link", 'url = "javascript:alert(1)"'),
        ("link", 'url = "https://user:secret@example.org"'),
        ("link", 'url = "https://exa mple.org"'),
        ("link", 'url = "https://[broken"'),
        ("file", 'file = "a.pdf"'),
        ("file", 'file = "a.pdf"\nfile_name = "../a.pdf"'),
        ("manual", "hours = 0"),
        ("manual", "hours = true"),
        ("manual", 'take_back = "yes"'),
        ("callout", ""),
        ("callout", 'url = "http://seller.example"'),
        ("callout", 'url = "ftp://seller.example"'),
        ("callout", 'url = "https://seller.example"\nsecret = "1"'),
    ],
)
def test_what_the_catalogue_may_not_say(kiosk: Kiosk, kind: str, fields: str) -> None:
    toml = f'[[good]]\nname = "thing-good"\nkind = "{kind}"\n{fields}\n{TARIFF}'
    with pytest.raises(BadCatalogue) as refused, kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, toml, kiosk.now)
    assert all("thing-good" in fault for fault in refused.value.faults)


def test_a_manual_good_needs_no_description_and_a_text_does(kiosk: Kiosk) -> None:
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TARIFF.replace("thing-good", "manual"), kiosk.now + timedelta(seconds=1))
    with pytest.raises(BadCatalogue, match="text"), kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, TARIFF.replace("thing-good", "text"), kiosk.now)
