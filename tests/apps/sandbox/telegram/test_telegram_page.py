"""The chat page in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from services.platform.tls import trusted

CHROMIUM = Path("/usr/bin/chromium")
EVIL = "<img src=x onerror=\"document.title='hacked'\">"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
]


@pytest.fixture(params=[(1200, 800), (390, 844)], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        width, height = request.param
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def test_a_conversation(url: str, page: Page) -> None:
    bot = httpx.Client(base_url=f"{url}/bot42:SANDBOX", verify=trusted(), trust_env=False)
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  # Playwright takes no builtin
    page.goto(f"{url}/kiosk_bot?start=ref_7")
    page.get_by_label("First name").fill(EVIL)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".out .text")).to_have_text("/start ref_7")
    [update] = bot.post("/getUpdates", json={"timeout": 10}).json()["result"]
    assert (update["message"]["text"], update["message"]["from"]["first_name"]) == ("/start ref_7", EVIL)

    chat_id = update["message"]["chat"]["id"]
    markup = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy:1"}]]}
    html = "<b>Bold</b> " + EVIL.replace("<", "&lt;")
    bot.post("/sendMessage", json={"chat_id": chat_id, "text": html, "parse_mode": "HTML", "reply_markup": markup})
    expect(page.locator(".in .text")).to_have_text(f"Bold {EVIL}")
    expect(page.locator(".in .text b")).to_have_text("Bold")

    page.get_by_role("button", name="Buy").click()
    offset = update["update_id"] + 1
    [update] = bot.post("/getUpdates", json={"timeout": 10, "offset": offset}).json()["result"]
    query = update["callback_query"]
    bot.post("/answerCallbackQuery", json={"callback_query_id": query["id"], "text": "Thanks!"})
    expect(page.locator("#toast")).to_have_text("Thanks!")
    where = {"chat_id": chat_id, "message_id": query["message"]["message_id"]}
    bot.post("/editMessageText", json={**where, "text": "Paid"})
    expect(page.locator(".in .text")).to_have_text("Paid")
    expect(page.locator(".in .inline-keyboard")).to_have_count(0)

    page.locator("#text").fill("Thank you")
    page.locator("#text").press("Enter")
    expect(page.locator(".out .text").last).to_have_text("Thank you")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() == "Telegram · sandbox"
    assert errors == []
    bot.close()
