"""The phones that were topped up, each with what came, on one page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from apps.sandbox import standing
from apps.sandbox.pages import empty, page
from apps.sandbox.portmone.callbacks import PLANS, Callbacks
from apps.sandbox.standing import StandingFault

SHOWN = 50  # phones


def phone_page(
    bills: Sequence[dict[str, Any]], callbacks: Callbacks, fault: StandingFault, problems: Sequence[str]
) -> HTMLResponse:
    """`bills`: newest first."""
    phones: dict[str, list[dict[str, Any]]] = {}
    for bill in bills:
        phones.setdefault(bill["phone"], []).append(bill)
    shown = "".join(_phone(number, own) for number, own in list(phones.items())[:SHOWN])
    faults = fault.buttons("Every top-up is answered as it should be.")
    body = (
        f'<div class="live">{faults}{shown or empty("No phone was topped up yet.")}'
        f"{_problems(problems)}</div>{_callbacks(callbacks)}"
    )
    return page("Portmone", standing.STYLE + body + standing.SCRIPT)


def _phone(number: str, bills: Sequence[dict[str, Any]]) -> str:
    total = sum((Decimal(bill["amount"]) for bill in bills), Decimal(0))
    rows = "".join(map(_bill, bills))
    title = f"+{number[:3]} {number[3:5]} {number[5:8]} {number[8:10]} {number[10:]}"
    return (
        f"<section><h2>📱 {escape(title)}</h2><p>{escape(bills[0]['operator'])} · {total} UAH came</p>"
        f'<ul class="rows">{rows}</ul></section>'
    )


def _bill(bill: dict[str, Any]) -> str:
    chip, word = ("canceled", "paid twice") if bill["again"] else ("succeeded", "paid")
    return (
        f'<li><div class="row"><b>+{escape(bill["amount"])} {escape(bill["currency"])}</b>'
        f'<span class="text">bill {escape(bill["id"])}: {escape(bill["comment"])}</span>'
        f'<span class="chip {chip}">{word}</span>'
        f"<time>{datetime.fromisoformat(bill['created_at']):%d.%m %H:%M:%S}</time></div></li>"
    )


def _callbacks(callbacks: Callbacks) -> str:
    buttons = "".join(
        f'<button type="button" data-send="settings" data-json="{escape(json.dumps({"callbacks": plan}))}"'
        f' aria-pressed="{"true" if plan == callbacks.plan else "false"}">{plan}</button>'
        for plan in PLANS
    )
    told = f"<p>Callbacks go to <code>{escape(callbacks.url or 'nowhere')}</code>, after each bill:</p>"
    return f'<section><h2>Callbacks</h2>{told}<div class="switches">{buttons}</div></section>'


def _problems(problems: Sequence[str]) -> str:
    if not problems:
        return ""
    lines = "".join(f"<li>{escape(one)}</li>" for one in problems)
    return f'<section><h2>Refused requests</h2><ul class="ordered">{lines}</ul></section>'
