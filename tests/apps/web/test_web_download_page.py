"""The page of a download in a real browser, whose rules about forms and hosts no client of ours knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from apps.web.main import create
from services import provisioning
from tests.apps.sandbox.running_world import running
from tests.services.provisioning.goods_sold import owned, sell
from tests.world import Kiosk

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def phone() -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt install chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-proxy-server"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser.new_page(viewport=PHONE, accept_downloads=True)
        browser.close()


@pytest.mark.browser
def test_one_tap_downloads_the_file(kiosk: Kiosk, phone: Page) -> None:
    assert kiosk.kit.storage is not None
    kiosk.kit.storage.put("handbook.pdf", b"%PDF one", "application/pdf")
    sell(kiosk, "file", file="handbook.pdf", file_name="Руководство.pdf")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    with kiosk.kit.db.begin() as tx:
        grant_id = owned(kiosk, anna).grant_id
        token = provisioning.documents.make_download(tx, kiosk.kit.cipher, anna.party, grant_id, kiosk.now)
    said: list[str] = []
    phone.on("console", lambda message: said.append(message.text))
    with running(create(kiosk.kit)) as url:
        phone.goto(f"{url}/d/{token}")
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        style = phone.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor")
        assert style == "rgb(42, 109, 244)", "the policy lets the page's own style through"
        with phone.expect_download() as started:
            phone.get_by_role("button").click()
        assert started.value.suggested_filename == "Руководство.pdf"
        assert Path(started.value.path()).read_bytes() == b"%PDF one"
    assert said == []
