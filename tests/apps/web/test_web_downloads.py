"""Links to files: what a browser gets, what a preview gets, and what a thief does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from apps.web.main import create
from services import provisioning, subscriptions
from services.platform.logs import mask
from services.provisioning import AccessNotFound
from services.provisioning.documents import LIVES, USES, DownloadGone
from tests.services.provisioning.goods_sold import end, everything_written, owned, sell
from tests.world import Kiosk, Person

CONTENT = b"%PDF the handbook"


@pytest.fixture
def browser(kiosk: Kiosk) -> Iterator[TestClient]:
    with TestClient(create(kiosk.kit), follow_redirects=False, headers={"accept-language": "en-GB,en;q=0.9"}) as http:
        yield http


@pytest.fixture
def anna(kiosk: Kiosk) -> Person:
    assert kiosk.kit.storage is not None
    kiosk.kit.storage.put("handbook.pdf", CONTENT, "application/pdf")
    sell(kiosk, "file", file="handbook.pdf", file_name='Книга "один".pdf')
    person = kiosk.person("Анна")
    kiosk.buy(person, "thing")
    return person


def link(kiosk: Kiosk, person: Person) -> str:
    with kiosk.kit.db.begin() as tx:
        grant_id = owned(kiosk, person).grant_id
        return "/d/" + provisioning.documents.make_download(tx, kiosk.kit.cipher, person.party, grant_id, kiosk.now)


def test_the_button_leads_to_the_file_by_an_address_of_minutes(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    answer = browser.post(link(kiosk, anna))
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    address = answer.headers["location"]
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert 0 < int(query["X-Amz-Expires"][0]) <= 300
    got = httpx.get(address, trust_env=False)
    assert got.content == CONTENT
    assert got.headers["content-disposition"].startswith('attachment; filename="')
    assert "filename*=UTF-8''%D0%9A" in got.headers["content-disposition"]


def test_looking_uses_nothing_up_and_tells_no_address(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    address = link(kiosk, anna)
    for _ in range(USES + 5):
        page = browser.get(address)
        assert page.status_code == 200
        assert browser.head(address).status_code == 200
    assert "X-Amz" not in page.text
    assert browser.post(address).status_code == 303


def test_the_page_speaks_the_owners_language_and_needs_nobody_else(
    kiosk: Kiosk, anna: Person, browser: TestClient
) -> None:
    page = browser.get(link(kiosk, anna))
    assert '<html lang="ru">' in page.text
    assert "Книга &quot;один&quot;.pdf" in page.text
    assert "Скачать" in page.text
    assert 'name="viewport" content="width=device-width' in page.text
    assert not re.search(r"(src|href)=|https?://|<script", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action 'self' {kiosk.world.url}" in policy
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_link_works_a_few_times_and_then_never(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    address = link(kiosk, anna)
    assert [browser.post(address).status_code for _ in range(USES + 2)] == [303] * USES + [404, 404]
    gone = browser.get(address)
    assert gone.status_code == 404
    assert "does not work any more" in gone.text


def test_many_at_once_use_it_no_more_often(kiosk: Kiosk, anna: Person) -> None:
    token = link(kiosk, anna).removeprefix("/d/")

    def redeem(_: int) -> bool:
        try:
            with kiosk.kit.db.begin() as tx:
                provisioning.documents.redeem_download(tx, kiosk.kit.cipher, token, kiosk.now)
        except DownloadGone:
            return False
        return True

    with ThreadPoolExecutor(7) as pool:
        assert sum(pool.map(redeem, range(20))) == USES


def test_an_old_link_is_dead_and_forgotten(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    address = link(kiosk, anna)
    kiosk.world.offset.move(int(LIVES.total_seconds()) + 1)
    assert browser.post(address).status_code == browser.get(address).status_code == 404
    link(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        assert provisioning.documents.purge_downloads(tx, kiosk.now) == 1
    assert kiosk.count("download_links") == 1


def test_a_link_ends_with_the_access(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    kiosk.pass_time(timedelta(days=20), step=timedelta(days=10))
    address = link(kiosk, anna)
    assert browser.get(address).status_code == 200
    end(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        # However much time it had left.
        tx.connection().exec_driver_sql("UPDATE download_links SET expires_at = expires_at + interval '40 days'")
    assert browser.post(address).status_code == browser.get(address).status_code == 404


def test_a_pause_stops_it_and_nothing_is_used_up_meanwhile(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    address = link(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
        subscriptions.pause(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    assert [browser.post(address).status_code for _ in range(USES + 1)] == [404] * (USES + 1)
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    assert browser.post(address).status_code == 303


@pytest.mark.parametrize("token", ["A" * 22, "", "x", "A" * 500, "%00" * 8, "A" * 21 + "+"])
def test_made_up_tokens_lead_nowhere(kiosk: Kiosk, anna: Person, browser: TestClient, token: str) -> None:
    link(kiosk, anna)
    for answer in (browser.get(f"/d/{token}"), browser.post(f"/d/{token}")):
        assert answer.status_code == 404


def test_nobody_makes_a_link_to_what_is_not_theirs(kiosk: Kiosk, anna: Person) -> None:
    stranger, grant_id = kiosk.person("Чужой"), owned(kiosk, anna).grant_id
    with kiosk.kit.db.begin() as tx, pytest.raises(AccessNotFound):
        provisioning.documents.make_download(tx, kiosk.kit.cipher, stranger.party, grant_id, kiosk.now)
    kiosk.buy(stranger)  # a VPN
    grant_id = owned(kiosk, stranger).grant_id
    with kiosk.kit.db.begin() as tx, pytest.raises(AccessNotFound):
        provisioning.documents.make_download(tx, kiosk.kit.cipher, stranger.party, grant_id, kiosk.now)


def test_without_storage_it_is_not_now_and_nothing_is_used_up(kiosk: Kiosk, anna: Person, browser: TestClient) -> None:
    address, storage = link(kiosk, anna), kiosk.kit.storage
    object.__setattr__(kiosk.kit, "storage", None)
    answers = [browser.post(address) for _ in range(USES + 1)]
    assert {answer.status_code for answer in answers} == {503}
    assert "try again" in answers[0].text
    object.__setattr__(kiosk.kit, "storage", storage)
    assert browser.post(address).status_code == 303


def test_a_token_stands_nowhere_in_plain(kiosk: Kiosk, anna: Person) -> None:
    token = link(kiosk, anna).removeprefix("/d/")
    assert token not in everything_written(kiosk)
    assert token not in str(kiosk.scalar("SELECT string_agg(download_links::text, ' ') FROM download_links"))
    logged = mask(
        None, "", {"path": f"/d/{token}", "url": f"https://shop.example/d/{token}?X-Amz-Signature={'0a' * 32}"}
    )
    assert token not in str(logged)
    assert "0a0a" not in str(logged)
