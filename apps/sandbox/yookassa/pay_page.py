"""The page a buyer pays on: a look-alike of YooKassa's, in Russian, with the buttons of a sandbox."""

from decimal import Decimal
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import page
from apps.sandbox.yookassa import cards
from apps.sandbox.yookassa.rules import Invalid
from apps.sandbox.yookassa.settings import PLANS, Settings
from apps.sandbox.yookassa.shop import NotFound, Shop

_USUAL = "insufficient_funds"
_PLAN_NAMES = {
    "once": "один раз, сразу",
    "twice": "дважды подряд",
    "storm": "20 раз одновременно",
    "late": "через 30 секунд",
    "never": "не уведомлять",
}
_SMALL_PRINT = '<p class="small">YooKassa sandbox: no real money</p>'


def rubles(value: str) -> str:
    """ "1299.00" -> "1 299,00 ₽", with spaces that do not break."""
    return f"{Decimal(value):,.2f}".replace(",", "\u00a0").replace(".", ",") + "\u00a0₽"


def routes(shop: Shop, settings: Settings) -> list[Route]:
    async def show(request: Request) -> Response:
        try:
            record = shop.record(request.path_params["id"])
        except NotFound:
            return _missing()
        if record["payment"]["status"] == "pending":
            return _form(record, settings.notify)
        return _outcome(record, just_now="done" in request.query_params)

    async def act(request: Request) -> Response:
        payment_id = request.path_params["id"]
        async with request.form() as form:
            action, card = form.get("action"), str(form.get("card", "")).replace(" ", "")
            reason, notify = str(form.get("reason", "")), str(form.get("notify", ""))
        try:
            if action == "close":
                return RedirectResponse(shop.record(payment_id)["return_url"] or "/", 303)
            declined = reason if action == "decline" and reason in cards.REASONS else cards.BAD_CARDS.get(card)
            card = card if card.isdigit() and 13 <= len(card) <= 19 else cards.GOOD_CARD
            shop.pay(payment_id, card=card, reason=declined, notify=notify if notify in PLANS else None)
        except NotFound:
            return _missing()
        except Invalid:
            pass  # it was paid in another tab: the page shows how it ended
        return RedirectResponse(f"{payment_id}?done=1", 303)

    return [Route("/pay/{id}", show), Route("/pay/{id}", act, methods=["POST"])]


def _form(record: dict[str, Any], plan: str) -> HTMLResponse:
    payment = record["payment"]
    amount = rubles(payment["amount"]["value"])
    number = " ".join(cards.GOOD_CARD[start : start + 4] for start in range(0, 16, 4))
    reasons = "".join(
        f'<option value="{code}"{" selected" if code == _USUAL else ""}>{escape(text.capitalize())}</option>'
        for code, text in cards.REASONS.items()
    )
    plans = "".join(
        f'<label><input type="radio" name="notify" value="{code}"{" checked" if code == plan else ""}> {name}</label>'
        for code, name in _PLAN_NAMES.items()
    )
    saving = '<p class="saving">Карта будет сохранена для следующих платежей</p>' if record["save"] else ""
    body = f"""<form method="post" class="till">
{_head(payment)}
<fieldset class="card">
<label class="number">Номер карты<input name="card" value="{number}" inputmode="numeric" autocomplete="off"></label>
<label>Срок<input value="12 / 30" inputmode="numeric" autocomplete="off"></label>
<label>CVC<input value="123" type="password" inputmode="numeric" autocomplete="off"></label>
</fieldset>
{saving}
<button class="main" name="action" value="pay">Оплатить {amount}</button>
<div class="refusal"><select name="reason" aria-label="Причина отказа">{reasons}</select>
<button name="action" value="decline">Отказ</button></div>
<details><summary>Как уведомить магазин</summary><div class="plans">{plans}</div></details>
<button class="quiet" name="action" value="close">Закрыть, не оплачивая</button>
{_SMALL_PRINT}
</form>"""
    return page(f"Оплата {amount}", body, kind="pay", language="ru")


def _head(payment: dict[str, Any]) -> str:
    description = escape(payment.get("description", "Без описания"))
    shop = payment["recipient"]["account_id"]
    return f"""<div class="head"><p class="shop"><span class="badge">Ю</span>Магазин {shop}</p>
<p class="amount">{rubles(payment["amount"]["value"])}</p>
<p class="what">{description}</p></div>"""


def _outcome(record: dict[str, Any], *, just_now: bool) -> HTMLResponse:
    payment = record["payment"]
    if payment["status"] == "canceled":
        reason = payment["cancellation_details"]["reason"]
        mark, title = "✕", "Платёж не прошёл"
        text = cards.REASONS.get(reason, _ENDED.get(reason, reason)).capitalize()
    elif payment["status"] == "waiting_for_capture":
        mark, title, text = "✓", "Деньги зарезервированы", "Магазин спишет их, когда подтвердит заказ"
    else:
        mark, title, text = "✓", "Оплачено", "Спасибо за покупку"
        if Decimal(payment["refunded_amount"]["value"]):
            text = f"Возвращено {rubles(payment['refunded_amount']['value'])}"
    back, script = "", ""
    if record["return_url"]:
        back = f'<a class="main" id="back" href="{escape(record["return_url"])}">Вернуться в магазин</a>'
        script = "<script>setTimeout(() => document.getElementById('back').click(), 1200)</script>" if just_now else ""
    body = f"""<div class="till outcome {payment["status"]}">
<p class="mark" aria-hidden="true">{mark}</p>
<h1>{title}</h1>
<p class="reason">{escape(text)}</p>
{_head(payment)}
{back}
{_SMALL_PRINT}
</div>{script}"""
    return page(title, body, kind="pay", language="ru")


_ENDED = {
    "expired_on_confirmation": "время на оплату вышло",
    "expired_on_capture": "магазин не подтвердил платёж вовремя",
    "canceled_by_merchant": "магазин отменил платёж",
}


def _missing() -> HTMLResponse:
    body = f'<div class="till outcome canceled"><p class="mark">?</p><h1>Такого платежа нет</h1>{_SMALL_PRINT}</div>'
    return page("Такого платежа нет", body, kind="pay", language="ru", status=404)
