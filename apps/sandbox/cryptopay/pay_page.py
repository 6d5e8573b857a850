"""The page a buyer pays on: what @CryptoBot shows in its chat, in Russian, with the buttons of a sandbox."""

from decimal import Decimal
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from apps.sandbox.cryptopay import assets
from apps.sandbox.cryptopay.invoices import Invoices, NotFound
from apps.sandbox.cryptopay.rules import Invalid
from apps.sandbox.cryptopay.settings import PLANS, Settings
from apps.sandbox.pages import page

_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "UAH": "₴"}
_BUTTONS = {"viewItem": "Открыть покупку", "openChannel": "Открыть канал", "openBot": "Открыть бота"}
_PLAN_NAMES = {
    "once": "один раз, сразу",
    "twice": "дважды подряд",
    "storm": "20 раз одновременно",
    "late": "через 30 секунд",
    "never": "не уведомлять",
}
_SMALL_PRINT = '<p class="small">Crypto Pay sandbox: no real coins</p>'


def price(invoice: dict[str, Any]) -> str:
    """ "1299" RUB -> "1 299,00 ₽", with spaces that do not break."""
    number = f"{Decimal(invoice['amount']):,.2f}".replace(",", "\u00a0").replace(".", ",")
    return f"{number}\u00a0{_SIGNS[invoice['fiat']]}"


def routes(invoices: Invoices, settings: Settings) -> list[Route]:
    async def show(request: Request) -> Response:
        try:
            invoice = invoices.by_hash(request.path_params["hash"])
        except NotFound:
            return _missing()
        return _form(invoice, settings.notify) if invoice["status"] == "active" else _outcome(invoice)

    async def act(request: Request) -> Response:
        async with request.form() as form:
            action, asset, notify = (str(form.get(name, "")) for name in ("action", "asset", "notify"))
        try:
            invoice = invoices.by_hash(request.path_params["hash"])
            if action == "close":
                return RedirectResponse(invoice.get("paid_btn_url", "/"), 303)
            invoices.pay(invoice["invoice_id"], asset, notify if notify in PLANS else None)
        except NotFound:
            return _missing()
        except Invalid:
            pass  # it was paid in another tab or ran out meanwhile: the page shows how it ended
        return RedirectResponse(request.path_params["hash"], 303)

    return [Route("/pay/{hash}", show), Route("/pay/{hash}", act, methods=["POST"])]


def _form(invoice: dict[str, Any], plan: str) -> HTMLResponse:
    coins = "".join(
        f'<label><input type="radio" name="asset" value="{asset}"{" checked" if number == 0 else ""}> '
        f"{_coins(invoice, asset)}</label>"
        for number, asset in enumerate(invoice["accepted_assets"])
    )
    plans = "".join(
        f'<label><input type="radio" name="notify" value="{code}"{" checked" if code == plan else ""}> {name}</label>'
        for code, name in _PLAN_NAMES.items()
    )
    body = f"""<form method="post" class="till">
{_head(invoice)}
<details open><summary>Чем заплатить</summary><div class="plans">{coins}</div></details>
<button class="main" name="action" value="pay">Оплатить {price(invoice)}</button>
<details><summary>Как уведомить магазин</summary><div class="plans">{plans}</div></details>
<button class="quiet" name="action" value="close">Закрыть, не оплачивая</button>
{_SMALL_PRINT}
</form>"""
    return page(f"Счёт на {price(invoice)}", body, kind="pay", language="ru")


def _coins(invoice: dict[str, Any], asset: str) -> str:
    amount = assets.coins(invoice["amount"], invoice["fiat"], asset)
    return f"{assets.written(amount).replace('.', ',')}\u00a0{asset}"


def _head(invoice: dict[str, Any]) -> str:
    description = escape(invoice.get("description", "Без описания"))
    return f"""<div class="head"><p class="shop"><span class="badge">C</span>Счёт {invoice["invoice_id"]}</p>
<p class="amount">{price(invoice)}</p>
<p class="what">{description}</p></div>"""


def _outcome(invoice: dict[str, Any]) -> HTMLResponse:
    if invoice["status"] == "paid":
        kind, mark, title = "succeeded", "✓", "Оплачено"
        text = f"Списано {invoice['paid_amount'].replace('.', ',')}\u00a0{invoice['paid_asset']}"
        text = f"{text}. {invoice['hidden_message']}" if "hidden_message" in invoice else text
    else:
        kind, mark, title, text = "canceled", "✕", "Счёт закрыт", "Время на оплату вышло"
    back = ""
    if invoice["status"] == "paid" and "paid_btn_url" in invoice:
        name = _BUTTONS.get(invoice["paid_btn_name"], "Вернуться")
        back = f'<a class="main" href="{escape(invoice["paid_btn_url"])}">{name}</a>'
    body = f"""<div class="till outcome {kind}">
<p class="mark" aria-hidden="true">{mark}</p>
<h1>{title}</h1>
<p class="reason">{escape(text)}</p>
{_head(invoice)}
{back}
{_SMALL_PRINT}
</div>"""
    return page(title, body, kind="pay", language="ru")


def _missing() -> HTMLResponse:
    body = f'<div class="till outcome canceled"><p class="mark">?</p><h1>Такого счёта нет</h1>{_SMALL_PRINT}</div>'
    return page("Такого счёта нет", body, kind="pay", language="ru", status=404)
