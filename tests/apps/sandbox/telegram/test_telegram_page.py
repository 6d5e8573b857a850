"""The chat page in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from services.platform.tls import trusted
from tests.apps.sandbox.telegram.running_telegram import picture

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
    send_pictures_and_numbers(page, bot, chat_id, offset=update["update_id"] + 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() == "Telegram · sandbox"
    assert errors == []
    bot.close()


def send_pictures_and_numbers(page: Page, bot: httpx.Client, chat_id: int, offset: int) -> None:
    """By the menu, as an album and as a file; and the own number by the bot's button."""
    image = {"name": "r.png", "mimeType": "image/png", "buffer": picture(60, 90)}
    page.locator("#attach").click()
    with page.expect_file_chooser() as chooser:
        page.locator("[data-pick=photo]").click()
    chooser.value.set_files([image, image])
    page.get_by_label("Caption").fill("my receipt")
    page.get_by_role("button", name="Send", exact=True).last.click()
    expect(page.locator(".out .photo")).to_have_count(2)
    page.locator("#file").set_input_files([image])
    page.get_by_role("button", name="Send", exact=True).last.click()
    expect(page.locator(".out .file img")).to_have_count(1)

    button = {"text": "My number", "request_contact": True}
    markup = {"keyboard": [[button]], "one_time_keyboard": True}
    bot.post("/sendMessage", json={"chat_id": chat_id, "text": "Where to?", "reply_markup": markup})
    page.get_by_role("button", name="My number").click()
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.locator(".out .contact")).to_have_count(1)
    expect(page.locator("#keyboard")).to_be_hidden()
    page.locator("#keyboard-toggle").click()
    expect(page.locator("#keyboard")).to_be_visible()
    bot.post("/sendMessage", json={"chat_id": chat_id, "text": "!", "reply_markup": {"remove_keyboard": True}})
    expect(page.locator("#keyboard-toggle")).to_be_hidden()
    heard = [update["message"] for update in bot.post("/getUpdates", json={"offset": offset}).json()["result"]]
    *_, one, two, document, contact = heard
    assert (one["photo"][-1]["height"], one["caption"], one["media_group_id"]) == (
        90,
        "my receipt",
        two["media_group_id"],
    )
    assert document["document"]["file_name"] == "r.png"
    assert contact["contact"]["user_id"] == chat_id
