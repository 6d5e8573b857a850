"""The pay page and the cabinet as a person uses them, without a browser."""

from tests.apps.sandbox.running_world import Till


def test_a_buyer_pays_on_the_page(till: Till) -> None:
    payment = till.create("key-1", description="<b>VPN</b>", amount={"value": "12990.50", "currency": "RUB"})
    page = till.client.get(f"/pay/{payment['id']}").text
    assert "12\u00a0990,50\u00a0₽" in page
    assert "&lt;b&gt;VPN" in page
    answer = till.client.post(f"/pay/{payment['id']}", data={"action": "pay", "card": "5555 5555 5555 4477"})
    assert answer.status_code == 303
    done = till.client.get(f"/pay/{answer.headers['location']}").text
    assert "Оплачено" in done
    assert 'href="https://t.me/kiosk_bot"' in done
    assert "setTimeout" in done
    assert "setTimeout" not in till.client.get(f"/pay/{payment['id']}").text
    assert till.payment(payment["id"])["status"] == "succeeded"


def test_a_buyer_is_declined_with_the_chosen_reason(till: Till) -> None:
    payment = till.create("key-1")
    form = {"action": "decline", "reason": "fraud_suspected", "notify": "never"}
    till.client.post(f"/pay/{payment['id']}", data=form)
    assert till.payment(payment["id"])["cancellation_details"] == {"party": "yoo_money", "reason": "fraud_suspected"}
    assert "Подозрение на мошенничество" in till.client.get(f"/pay/{payment['id']}").text
    assert till.client.get("/deliveries").json() == {"deliveries": []}


def test_a_buyer_closes_the_page_and_pays_later(till: Till) -> None:
    payment = till.create("key-1")
    answer = till.client.post(f"/pay/{payment['id']}", data={"action": "close"})
    assert answer.headers["location"] == "https://t.me/kiosk_bot"
    assert till.payment(payment["id"])["status"] == "pending"


def test_a_buyer_who_pays_twice_pays_once(till: Till) -> None:
    payment = till.create("key-1")
    for _ in range(2):
        assert till.client.post(f"/pay/{payment['id']}", data={"action": "pay"}).status_code == 303
    assert len(till.client.get("/deliveries").json()["deliveries"]) == 1
    till.offset.move(7200)
    assert till.client.post(f"/pay/{'0' * 36}", data={"action": "pay"}).status_code == 404


def test_the_cabinet_shows_what_happened(till: Till) -> None:
    payment = till.create("key-1")
    till.pay(payment["id"])
    till.ask("POST", "/payments", "key-2", {})
    page = till.client.get("/").text
    for expected in (f"pay/{payment['id']}", "299,00", "succeeded", "payment.succeeded", "POST /v3/payments"):
        assert expected in page
