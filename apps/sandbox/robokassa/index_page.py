"""The cabinet: payments, refunds, notices and the switches of the sandbox's Robokassa on one page."""

import json
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox.faults import MODES
from apps.sandbox.pages import empty, page
from apps.sandbox.robokassa.api import Api
from apps.sandbox.robokassa.notices import Courier
from apps.sandbox.robokassa.pay_page import rubles
from apps.sandbox.robokassa.settings import CHOICES, Settings
from apps.sandbox.robokassa.till import STATES, Till

SHOWN = 50  # of each kind
_CHIPS = {"processing": "pending", "finished": "succeeded"}
_TITLES = {"notify": "Notices", "method": "ResultURL is called by", "repeat": "Repeated charges end as"}
_TITLES |= {"refund": "New refunds end as"}


def routes(till: Till, api: Api, courier: Courier, settings: Settings) -> list[Route]:
    async def index(request: Request) -> Response:
        told = f"<p>ResultURL is <code>{escape(settings.result_url or 'nowhere')}</code></p>"
        switches = "".join(
            f"<p>{title}</p>" + _switches(name, getattr(settings, name)) for name, title in _TITLES.items()
        )
        body = (
            _section("Payments", _rows([_payment(one) for one in till.payments()], "No payment yet."))
            + _section("Refunds", _rows([_refund(one) for one in till.refunds()], "No refund yet."))
            + _section("Notices", told + _rows([_delivery(one) for one in courier.deliveries()], "Nothing was sent."))
            + _section("Habits", switches)
            + _section("Faults", _faults(api))
            + _section(
                "Refused requests",
                _rows([_problem(one) for one in reversed(api.problems)], "None: the shop asks well."),
            )
        )
        return page("Robokassa", body)

    return [Route("/", index)]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _rows(rows: list[str], nothing: str) -> str:
    return f'<ul class="rows">{"".join(rows[:SHOWN])}</ul>' if rows else empty(nothing)


def _row(lead: str, text: str, chip: str, when: str, link: str | None = None) -> str:
    """One line of a list; `chip` is a state, which also names its colour."""
    tag, href = ("a", f' href="{escape(link)}"') if link else ("div", "")
    return (
        f'<li><{tag} class="row"{href}><b>{escape(lead)}</b><span class="text">{escape(text)}</span>'
        f'<span class="chip {escape(chip.replace(" ", "_"))}">{escape(chip)}</span>'
        f"<time>{datetime.fromisoformat(when):%d.%m %H:%M:%S}</time></{tag}></li>"
    )


def _payment(payment: dict[str, Any]) -> str:
    fields, number = payment["fields"], payment["number"]
    text = f"{number}: {fields['Description']}" + (f" · repeats {payment['parent']}" if payment["parent"] else "")
    return _row(rubles(fields["OutSum"]), text, STATES[payment["state"]], payment["created_at"], f"pay/{number}")


def _refund(refund: dict[str, Any]) -> str:
    chip = _CHIPS.get(refund["label"], refund["label"])
    return _row(rubles(refund["amount"]), f"of payment {refund['number']}", chip, refund["created_at"])


def _delivery(delivery: dict[str, Any]) -> str:
    answers = [str(one["answer"] or one["error"] or one["status"]) for one in delivery["attempts"]]
    text = ", ".join(answers[-5:]) or "not sent yet"
    return _row(f"payment {delivery['number']}", text, delivery["state"], delivery["created_at"])


def _problem(problem: dict[str, Any]) -> str:
    text = f"{problem['field']}: {problem['description']}"
    return _row(f"{problem['method']} {problem['path']}", text, "canceled", problem["at"])


def _switches(name: str, chosen: str) -> str:
    buttons = (
        f'<button type="button" data-send="settings" data-json="{escape(json.dumps({name: value}))}"'
        f' aria-pressed="{"true" if value == chosen else "false"}">{value}</button>'
        for value in CHOICES[name]
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
    return f'<p>The next request meets it:</p><div class="faults">{buttons}</div>{waiting}'
