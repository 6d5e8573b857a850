"""The page a buyer pays on: a look-alike of Robokassa's, in Russian, with the buttons of a sandbox."""

from decimal import Decimal
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import page
from apps.sandbox.robokassa.settings import PLANS, Settings
from apps.sandbox.robokassa.shop import Cabinet, Refused
from apps.sandbox.robokassa.till import NotFound, Till

_PLAN_NAMES = {
    "once": "один раз, сразу",
    "twice": "дважды подряд",
    "storm": "20 раз одновременно",
    "late": "через 30 секунд",
    "never": "не уведомлять",
}
_SMALL_PRINT = '<p class="small">Robokassa sandbox: no real money</p>'


def rubles(value: str) -> str:
    """ "1299.00" -> "1 299,00 ₽", with spaces that do not break."""
    return f"{Decimal(value):,.2f}".replace(",", "\u00a0").replace(".", ",") + "\u00a0₽"


def routes(till: Till, cabinet: Cabinet, settings: Settings, return_url: str | None) -> list[Route]:
    """`return_url` is where the cabinet's SuccessURL and FailURL lead."""

    async def show(request: Request) -> Response:
        try:
            payment = till.payment(request.path_params["number"])
        except NotFound:
            return _message("?", "Такого платежа нет", "Откройте ссылку магазина ещё раз", status=404)
        if payment["state"] != 100 and "done" not in request.query_params:
            return _form(payment, cabinet, settings.notify)
        return _outcome(payment, cabinet, return_url)

    async def act(request: Request) -> Response:
        number = request.path_params["number"]
        async with request.form() as form:
            action, notify = form.get("action"), str(form.get("notify", ""))
        if action == "close":
            return RedirectResponse(return_url or f"{number}?done=1", 303)
        try:
            till.pay(number, declined=action == "decline", notify=notify if notify in PLANS else None)
        except NotFound:
            return _message("?", "Такого платежа нет", "Откройте ссылку магазина ещё раз", status=404)
        except Refused:
            pass  # it was paid in another tab: the page shows how it ended
        return RedirectResponse(f"{number}?done=1", 303)

    return [Route("/pay/{number}", show), Route("/pay/{number}", act, methods=["POST"])]


def refusal(refused: Refused) -> HTMLResponse:
    """What a buyer sees whose link is wrong, with the reason for the shop."""
    return _message("✕", "Оплата невозможна", f"{refused.field}: {refused.description}", status=400)


def _form(payment: dict[str, Any], cabinet: Cabinet, plan: str) -> HTMLResponse:
    amount = rubles(payment["fields"]["OutSum"])
    plans = "".join(
        f'<label><input type="radio" name="notify" value="{code}"{" checked" if code == plan else ""}> {name}</label>'
        for code, name in _PLAN_NAMES.items()
    )
    saving = '<p class="saving">Карта будет сохранена для следующих платежей</p>'
    body = f"""<form method="post" class="till">
{_head(payment, cabinet)}
<fieldset class="card">
<label class="number">Номер карты<input value="5555 5555 5555 4477" inputmode="numeric" autocomplete="off"></label>
<label>Срок<input value="12 / 30" inputmode="numeric" autocomplete="off"></label>
<label>CVC<input value="123" type="password" inputmode="numeric" autocomplete="off"></label>
</fieldset>
{saving if "Recurring" in payment["fields"] else ""}
<button class="main" name="action" value="pay">Оплатить {amount}</button>
<button name="action" value="decline" class="danger">Отказ банка</button>
<details><summary>Как уведомить магазин</summary><div class="plans">{plans}</div></details>
<button class="quiet" name="action" value="close">Закрыть, не оплачивая</button>
{_SMALL_PRINT}
</form>"""
    return page(f"Оплата {amount}", body, kind="pay", language="ru")


def _head(payment: dict[str, Any], cabinet: Cabinet) -> str:
    test = ", тестовый платёж" if cabinet.is_test else ""
    return f"""<div class="head"><p class="shop"><span class="badge">R</span>{escape(cabinet.login)}{test}</p>
<p class="amount">{rubles(payment["fields"]["OutSum"])}</p>
<p class="what">{escape(payment["fields"]["Description"])}</p></div>"""


def _outcome(payment: dict[str, Any], cabinet: Cabinet, return_url: str | None) -> HTMLResponse:
    if payment["state"] == 100:
        kind, mark, title, text = "succeeded", "✓", "Оплачено", "Спасибо за покупку"
    elif payment["state"] == 10:
        kind, mark, title, text = "canceled", "✕", "Платёж не прошёл", "Банк отклонил платёж"
    else:
        kind, mark, title, text = "canceled", "–", "Платёж не завершён", "Вернитесь к нему по той же ссылке"
    back = f'<a class="main" href="{escape(return_url)}">Вернуться в магазин</a>' if return_url else ""
    again = "" if payment["state"] == 100 else f'<a class="quiet" href="{payment["number"]}">Попробовать ещё раз</a>'
    body = f"""<div class="till outcome {kind}">
<p class="mark" aria-hidden="true">{mark}</p>
<h1>{title}</h1>
<p class="reason">{text}</p>
{_head(payment, cabinet)}
{back}
{again}
{_SMALL_PRINT}
</div>"""
    return page(title, body, kind="pay", language="ru")


def _message(mark: str, title: str, text: str, *, status: int) -> HTMLResponse:
    body = f"""<div class="till outcome canceled"><p class="mark" aria-hidden="true">{mark}</p><h1>{title}</h1>
<p class="reason">{escape(text)}</p>{_SMALL_PRINT}</div>"""
    return page(title, body, kind="pay", language="ru", status=status)
