"""A purchase as a person sees it: the chat page and the pay page in a real browser, at the size of a phone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from tests.processes.town import Town

pytestmark = [pytest.mark.process, pytest.mark.browser]
CHROMIUM = Path("/usr/bin/chromium")
# As root there is no sandbox; the rest keeps it from talking to its maker.
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
PATIENCE = 60_000  # milliseconds
MOST_STEPS = 6


@pytest.fixture
def phone() -> Iterator[BrowserContext]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        context.set_default_timeout(PATIENCE)
        yield context
        browser.close()


def test_somebody_buys_on_a_phone(town: Town, phone: BrowserContext, tmp_path: Path) -> None:
    town.keep("web", "worker", "jobs", "clock")
    strangers, complaints = watch(phone, town.world_url)
    chat = phone.new_page()
    chat.goto(f"{town.world_url}/telegram/chat")
    become(chat, "Анна")
    chat.screenshot(path=tmp_path / "1-start.png")
    chat.locator("#start").tap()

    with phone.expect_page() as opened:
        tap_through(chat)
    pay(opened.value, tmp_path)

    card = chat.locator("a.file", has_text=".conf")
    card.wait_for()
    picture = chat.locator("button.photo img")
    picture.wait_for()
    chat.screenshot(path=tmp_path / "3-bought.png")
    with chat.expect_download() as download:
        card.tap()
    config = Path(download.value.path()).read_text()
    assert download.value.suggested_filename.endswith(".conf")
    assert config.startswith("[Interface]\nPrivateKey = ")
    assert decoded(chat, picture) == config
    assert strangers == []
    assert complaints == []


def watch(context: BrowserContext, world_url: str) -> tuple[list[str], list[str]]:
    """Requests to anybody but the world, and what the pages complain of; both lists grow while pages live."""
    strangers: list[str] = []
    complaints: list[str] = []
    home = urlsplit(world_url).netloc
    context.on("request", lambda r: strangers.append(r.url) if urlsplit(r.url).netloc not in ("", home) else None)
    context.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda e: complaints.append(str(e.error)))
    return strangers, complaints


def become(chat: Page, name: str) -> None:
    """A new person, at the head of the list. With nobody there yet, the page asks by itself."""
    if not chat.locator("#person-dialog").is_visible():
        chat.locator("#open-drawer").tap()
        chat.locator("#add").tap()
    chat.locator("[name=first_name]").fill(name)
    chat.locator("[name=language_code]").select_option("ru")
    chat.locator("#person-dialog button.primary").tap()


def tap_through(chat: Page) -> None:
    """The first button of every screen until one opens another page."""
    screen = chat.locator("#messages .in").last
    button = screen.locator(".row button").first
    seen = "nothing yet"
    for _ in range(MOST_STEPS):
        button.wait_for()
        expect(screen).not_to_have_text(seen, timeout=PATIENCE)
        seen = screen.text_content() or ""
        leaves = button.locator("svg").count() > 0  # the arrow of a link
        button.tap()
        if leaves:
            return
    raise AssertionError(f"no payment page within {MOST_STEPS} steps; the last screen says {seen}")


def pay(page: Page, pictures: Path) -> None:
    """On the provider's page, which leads back to the chat."""
    page.get_by_role("button", name="Оплатить").wait_for()
    page.screenshot(path=pictures / "2-pay.png")
    page.get_by_role("button", name="Оплатить").tap()
    page.wait_for_url("**/telegram/chat**")
    page.close()


def decoded(chat: Page, picture: Locator) -> str:
    """The text in the QR code that the chat shows."""
    content = chat.request.get(urljoin(chat.url, picture.get_attribute("src") or "")).body()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(content)))
    return code.text
