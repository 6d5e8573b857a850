"""What a person finds about receipts in the chat: the way in, the phone, the history, typing one in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.apps.bot.receipt_counter import Counter, agree, send, send_receipt
from tests.apps.bot.storefront import Visitor, buttons
from tests.services.receipts.desk import picture


def labels(shown: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(shown)]


def test_the_way_in_is_there_while_a_campaign_runs(counter: Counter) -> None:
    anna = counter.shop.visitor()
    assert "🧾 Cashback for receipts" not in labels(anna.say("/start"))
    assert "No cashback campaign runs" in anna.say("/receipt")["text"]
    assert "I understand buttons" in send(anna, picture())["text"], "nobody has promised anything for it"
    assert "no payments yet" in anna.say("/history")["text"]
    counter.run_campaign(more='min_total = "10.00"')
    screen = anna.say("/start receipts")["text"]
    for told in (
        *("Citramon: money for a receipt", "₴12.50 for each receipt", "Products: Цитрамон-Дарниця"),
        *("A receipt of ₴10 or more", "7 days ago at most", "Up to 3 receipts a day", "Paid to your balance"),
        *("A good picture", "as a file"),
    ):
        assert told in screen, told
    assert "My receipts" in anna.say("/history")["text"], "who has paid for nothing sends receipts"
    anna.say("/start")
    assert labels(anna.tap("🧾 Cashback for receipts")) == ["Take part", "Main menu"]
    terms = anna.tap("Take part")
    assert "90 days" in terms["text"]
    assert "Your phone" not in terms["text"], "none is asked for"
    assert "send it here" in anna.tap("Agree")["text"]
    assert counter.kiosk.count("consents", "document = 'receipts'") == 1
    assert "Type a receipt in" in labels(anna.say("/receipt"))
    assert "no phone number is needed" in anna.say("/change_phone")["text"]
    anna.say("/start")
    counter.kiosk.post(f"/telegram/chat/api/users/{anna.id}/contact")
    counter.shop.serve()
    assert "have not kept it" in anna.last()["text"]
    assert counter.phone(anna) is None
    counter.shop.start_up()
    menu = counter.kiosk.http.get(f"/telegram/chat/api/users/{anna.id}/menu").json()["commands"]
    assert {"receipt", "statistics", "change_phone"} <= {command["command"] for command in menu}
    assert "/receipt — Cashback for receipts" in anna.say("/help")["text"]


def test_a_phone_is_shared_or_typed_and_shown_masked(counter: Counter) -> None:
    counter.run_campaign("manual")
    anna = counter.shop.visitor()
    contact = f"/telegram/chat/api/users/{anna.id}/contact"
    counter.kiosk.post(contact, phone_number="+380671234589")
    counter.shop.serve()
    assert "What is kept" in anna.last()["text"], "nothing is kept before the consent"
    assert counter.phone(anna) is None
    anna.tap("Agree")
    keyboard = anna.chat()["keyboard"]["keyboard"]
    assert keyboard[0][0] == {"text": "Share my number", "request_contact": True}
    counter.kiosk.post(contact, phone_number="+380671234589")
    counter.shop.serve()
    assert "+380\u00a067\u00a0***\u00a0**\u00a089" in anna.last()["text"]
    assert anna.chat()["keyboard"] is None
    kept = counter.phone(anna)
    assert (kept and kept.number, kept and kept.is_own) == ("380671234589", True)
    assert "Now bonuses are paid to +380\u00a067\u00a0***\u00a0**\u00a089" in anna.say("/change_phone")["text"]
    assert "no mobile number of Ukraine" in anna.say("my number")["text"]
    assert "no mobile number of Ukraine" in anna.say("+7 912 345 67 89")["text"]
    assert "+380\u00a050\u00a0***\u00a0**\u00a011" in anna.say("050 111-11-11")["text"]
    kept = counter.phone(anna)
    assert (kept and kept.number, kept and kept.is_own) == ("380501111111", False)
    anna.say("/change_phone")
    assert "it stays +380\u00a050\u00a0***\u00a0**\u00a011" in anna.say("Not now")["text"]
    assert "I understand buttons" in anna.say("067 123 45 67")["text"], "nobody asked any more"


def test_a_picture_disturbs_no_other_question(counter: Counter) -> None:
    counter.run_campaign("manual")
    anna = counter.shop.visitor()
    agree(anna)
    assert "Which mobile number" in anna.last()["text"]
    send_receipt(counter, anna, counter.bought())
    assert "no mobile number of Ukraine" in anna.say("067")["text"], "it is still asked for"
    anna.say("Not now")
    assert "+380\u00a067\u00a0***\u00a0**\u00a089" in anna.say("0671234589")["text"], "a bonus waits for it"
    assert "I understand buttons" in anna.say("0671234590")["text"]


def test_somebody_elses_contact_is_not_ones_own(counter: Counter) -> None:
    counter.run_campaign("manual")
    anna = counter.shop.visitor()
    agree(anna)
    sender = {"id": anna.id, "is_bot": False, "first_name": "Anna", "language_code": "en"}
    counter.shop.push(
        message={
            "message_id": 10**6,
            "date": int(counter.kiosk.now.timestamp()),
            "chat": {"id": anna.id, "type": "private", "first_name": "Anna"},
            "from": sender,
            "contact": {"phone_number": "+380671234567", "first_name": "Ivan", "user_id": anna.id + 1},
        }
    )
    kept = counter.phone(anna)
    assert (kept and kept.number, kept and kept.is_own) == ("380671234567", False)


def test_history_and_sums_tell_what_became_of_each(counter: Counter, shopper: Visitor) -> None:
    counter.run_campaign(slug="other", more='shops = {names = ["Nowhere"]}')
    for n in range(4):
        send_receipt(counter, shopper, counter.bought(total=f"{100 + n}.00"))
    for _ in range(2):
        counter.kiosk.world.offset.move(61)
        send_receipt(counter, shopper, None)
    screen = shopper.say("/history")
    assert screen["text"].count("No. ") == 5
    assert "✅ No. 2: paid, ₴12.50\nАптека" in screen["text"]
    assert "✖️ No. 4: no bonus" in screen["text"], "the fourth of a day"
    assert "✅ 2" in labels(screen)
    before = len(shopper.messages())
    assert "No. 1: paid" in shopper.tap("Older")["text"]
    assert "No. 6: no bonus" in shopper.tap("‹ Newest")["text"]
    told = shopper.tap("✖️ 4")["text"]
    assert "limit of the campaign for today" in told
    for line in ("✓ It is a fiscal receipt", "✓ Products of the campaign: Цитрамон-Дарниця", "(3 of 3)"):
        assert line in told, told
    assert "Nowhere" not in told, "the campaign that came nearest is explained"
    shopper.tap("My receipts")
    assert "It brings: ₴12.50" in shopper.tap("✅ 3")["text"]
    assert len(shopper.messages()) == before, "one screen, changed in place"
    sums = shopper.say("/statistics")["text"]
    assert "Sent: 6\nAccepted: 3\nPaid: ₴37.50" in sums
    ivan = counter.shop.visitor(first_name="Ivan")
    ivan.say("/start")
    assert "cannot find this receipt" in ivan.press(ivan.last(), "receipt:1")["text"], "somebody else's"


def test_a_receipt_is_typed_in_and_waits_for_a_person(counter: Counter, shopper: Visitor) -> None:
    day = (counter.kiosk.now - timedelta(days=1)).strftime("%d.%m.%Y")
    shopper.say("/receipt")
    assert "three lines" in shopper.tap("Type a receipt in")["text"]
    assert "I need three lines" in shopper.say(f"АТБ {day} 50")["text"]
    assert "the date in the second line" in shopper.say("АТБ\nвчора\n50")["text"]
    assert "has not come yet" in shopper.say("АТБ\n01.01.2090\n50")["text"]
    assert "the total in the third line" in shopper.say(f"АТБ\n{day}\nдорого")["text"]
    before = len(shopper.messages())
    told = shopper.say(f"АТБ <b>\n{day}\n152,40 грн")
    assert "Got it" in told["text"]
    counter.settle()
    told = shopper.last()
    assert len(shopper.messages()) == before + 1
    assert "Receipt no. 1: a person looks at it" in told["text"]
    assert "АТБ <b>, " in told["text"]
    assert "₴152.40" in told["text"]
    assert counter.look(1).source == "typed"
    assert counter.kiosk.balance(f"wallet:{shopper.person().party}", "UAH") == 0
    assert "I understand buttons" in shopper.say(f"АТБ\n{day}\n152,40")["text"], "asked for once"
