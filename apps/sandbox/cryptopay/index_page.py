"""The app at Crypto Pay: invoices, balance, updates and the switches of the sandbox on one page."""

import json
from collections.abc import Iterable
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox.cryptopay.api import Api
from apps.sandbox.cryptopay.invoices import Invoices
from apps.sandbox.cryptopay.pay_page import price
from apps.sandbox.cryptopay.settings import PLANS, Settings
from apps.sandbox.cryptopay.updates import Courier
from apps.sandbox.faults import MODES
from apps.sandbox.pages import empty, page

SHOWN = 50  # of each kind
_COLOURS = {"active": "pending", "paid": "succeeded", "expired": "canceled"}


def routes(invoices: Invoices, api: Api, courier: Courier, settings: Settings) -> list[Route]:
    async def index(request: Request) -> Response:
        told = f"<p>Updates go to <code>{escape(settings.notification_url or 'nowhere')}</code></p>"
        body = (
            _section("Invoices", _rows(map(_invoice, invoices.all()[:SHOWN]), "No invoice yet."))
            + _section("Balance", f"<p>{_balance(invoices)}</p>")
            + _section("Updates", told + _plans(settings) + _deliveries(courier))
            + _section("Faults", _faults(api))
            + _section("Refused requests", _rows(map(_problem, reversed(api.problems)), "None: the shop asks well."))
        )
        return page("Crypto Pay", body)

    return [Route("/", index)]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _rows(rows: Iterable[str], nothing: str) -> str:
    inside = "".join(rows)
    return f'<ul class="rows">{inside}</ul>' if inside else empty(nothing)


def _row(lead: str, text: str, chip: str, when: str, link: str | None = None) -> str:
    """One line of a list; `chip` is a state, which also names its colour."""
    tag, href = ("a", f' href="{escape(link)}"') if link else ("div", "")
    colour = _COLOURS.get(chip, chip).replace(" ", "_")
    return (
        f'<li><{tag} class="row"{href}><b>{escape(lead)}</b><span class="text">{escape(text)}</span>'
        f'<span class="chip {escape(colour)}">{escape(chip)}</span>'
        f"<time>{datetime.fromisoformat(when):%d.%m %H:%M:%S}</time></{tag}></li>"
    )


def _invoice(invoice: dict[str, Any]) -> str:
    text = invoice.get("description", str(invoice["invoice_id"]))
    if invoice["status"] == "paid":
        text += f" · {invoice['paid_amount']} {invoice['paid_asset']}"
    return _row(price(invoice), text, invoice["status"], invoice["created_at"], f"pay/{invoice['hash']}")


def _balance(invoices: Invoices) -> str:
    have = [f"{one['available']} {one['currency_code']}" for one in invoices.balance() if one["available"] != "0"]
    return escape(", ".join(have)) or "Empty."


def _deliveries(courier: Courier) -> str:
    def line(delivery: dict[str, Any]) -> str:
        answers = groupby(delivery["attempts"], key=lambda attempt: str(attempt["status"] or attempt["error"]))
        counts = ((answer, len(list(same))) for answer, same in answers)
        text = ", ".join(f"{answer} × {count}" if count > 1 else answer for answer, count in counts)
        return _row(delivery["event"], text or "not sent yet", delivery["state"], delivery["created_at"])

    return _rows(map(line, courier.deliveries()[:SHOWN]), "Nothing was sent yet.")


def _problem(problem: dict[str, Any]) -> str:
    lead = f"{problem['method']} {problem['path']}"
    return _row(lead, f"{problem['name']}: {problem['description']}", str(problem["status"]), problem["at"])


def _plans(settings: Settings) -> str:
    buttons = (
        f'<button type="button" data-send="settings" data-json="{escape(json.dumps({"notify": plan}))}"'
        f' aria-pressed="{"true" if plan == settings.notify else "false"}">{plan}</button>'
        for plan in PLANS
    )
    return f'<div class="switches">{"".join(buttons)}</div>'


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
