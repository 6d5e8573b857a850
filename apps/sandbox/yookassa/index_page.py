"""The cabinet: payments, refunds, notices and the switches of the sandbox's YooKassa on one page."""

import json
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox.faults import MODES
from apps.sandbox.pages import empty, page
from apps.sandbox.yookassa.api import Api
from apps.sandbox.yookassa.notices import Courier
from apps.sandbox.yookassa.pay_page import rubles
from apps.sandbox.yookassa.settings import PLANS, REFUNDS, Settings
from apps.sandbox.yookassa.shop import Shop

SHOWN = 50  # of each kind


def routes(shop: Shop, api: Api, courier: Courier, settings: Settings) -> list[Route]:
    async def index(request: Request) -> Response:
        notice = f"Notices go to <code>{escape(settings.notification_url or 'nowhere')}</code>"
        body = (
            _section("Payments", _rows(map(_payment, shop.payments()[:SHOWN]), "No payment yet."))
            + _section("Refunds", _rows(map(_refund, shop.refunds()[:SHOWN]), "No refund yet."))
            + _section("Notices", f"<p>{notice}</p>" + _notify(settings) + _deliveries(courier))
            + _section("New refunds end as", _switches("settings", "refund", REFUNDS, settings.refund))
            + _section("Faults", _faults(api))
            + _section("Refused requests", _rows(map(_problem, reversed(api.problems)), "None: the shop asks well."))
        )
        return page("YooKassa", body)

    return [Route("/", index)]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _rows(rows: Any, nothing: str) -> str:
    inside = "".join(rows)
    return f'<ul class="rows">{inside}</ul>' if inside else empty(nothing)


def _row(lead: str, text: str, chip: str, when: str, link: str | None = None) -> str:
    """One line of a list; `chip` is a state, which also names its colour."""
    tag, href = ("a", f' href="{escape(link)}"') if link else ("div", "")
    name = chip.replace(" ", "_")
    return (
        f'<li><{tag} class="row"{href}><b>{escape(lead)}</b><span class="text">{escape(text)}</span>'
        f'<span class="chip {escape(name)}">{escape(chip)}</span><time>{_clock(when)}</time></{tag}></li>'
    )


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%d.%m %H:%M:%S}"


def _payment(payment: dict[str, Any]) -> str:
    text = payment.get("description", payment["id"])
    if "cancellation_details" in payment:
        text += f" · {payment['cancellation_details']['reason']}"
    chip = payment["status"].replace("_", " ")
    return _row(rubles(payment["amount"]["value"]), text, chip, payment["created_at"], f"pay/{payment['id']}")


def _refund(refund: dict[str, Any]) -> str:
    text = refund.get("description", f"of {refund['payment_id']}")
    return _row(rubles(refund["amount"]["value"]), text, refund["status"], refund["created_at"])


def _deliveries(courier: Courier) -> str:
    def line(delivery: dict[str, Any]) -> str:
        attempts = delivery["attempts"]
        answers = groupby(attempts, key=lambda attempt: str(attempt["status"] or attempt["error"]))
        counts = ((answer, len(list(same))) for answer, same in answers)
        text = ", ".join(f"{answer} × {count}" if count > 1 else answer for answer, count in counts)
        return _row(delivery["event"], text or "not sent yet", delivery["state"], delivery["created_at"])

    return _rows(map(line, courier.deliveries()[:SHOWN]), "Nothing was sent yet.")


def _problem(problem: dict[str, Any]) -> str:
    text = f"{problem.get('parameter', '')} {problem['description']}".strip()
    return _row(f"{problem['method']} {problem['path']}", text, str(problem["status"]), problem["at"])


def _switches(path: str, name: str, values: Any, chosen: str) -> str:
    buttons = (
        f'<button type="button" data-send="{path}" data-json="{escape(json.dumps({name: value}))}"'
        f' aria-pressed="{"true" if value == chosen else "false"}">{value.replace("_", " ")}</button>'
        for value in values
    )
    return f'<div class="switches">{"".join(buttons)}</div>'


def _notify(settings: Settings) -> str:
    return _switches("settings", "notify", PLANS, settings.notify)


def _faults(api: Api) -> str:
    buttons = "".join(
        f'<button type="button" data-send="faults" data-json="{escape(json.dumps({"mode": mode}))}" title="{meaning}">'
        f"{mode.replace('_', ' ')}<small>{meaning}</small></button>"
        for mode, meaning in MODES.items()
    )
    pending = "".join(
        f"<li><b>{fault['mode']}</b> × {fault['times']} {fault['method'] or ''} {escape(fault['path'] or '')}</li>"
        for fault in api.faults.pending()
    )
    clear = '<button type="button" data-send="faults" data-method="DELETE">Clear</button>'
    waiting = f'<ul class="ordered">{pending}</ul>{clear}' if pending else ""
    return f'<p>The next request of the shop meets it:</p><div class="faults">{buttons}</div>{waiting}'
