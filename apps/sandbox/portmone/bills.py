"""The bills: checked by strict rules, paid at once, kept on disk."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from apps.sandbox.shelf import Shelf

LOGIN, PASSWORD = "kiosk", "sandbox-password"
PAYEES = {"101": "Kyivstar", "102": "Vodafone", "103": "lifecell"}  # Portmone's numbers of operators
FORM = {
    "version": "2",
    "lang": "uk|ru|en",
    "payeeId": "[0-9]{1,12}",
    "contractNumber": "380[0-9]{9}",
    "amount": r"[0-9]{1,6}\.[0-9]{2}",
    "currency": "UAH",
    "comment": ".{0,200}",
}
PAYOUT = re.compile(r"Kiosk ([0-9]+)\.[0-9]+")


@dataclass(frozen=True)
class Refused(Exception):
    code: str
    description: str


class Bills:
    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        self._shelf, self._now = Shelf(directory / "bills"), now

    def create(self, body: bytes) -> dict[str, Any]:
        """A paid bill. Raises Refused."""
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs):
            raise Refused("1002", "A field is there twice")
        if form.pop("method", None) != "bills.create":
            raise Refused("1003", "Unknown method")
        if (form.pop("login", None), form.pop("password", None)) != (LOGIN, PASSWORD):
            raise Refused("1001", "Wrong login or password")
        wrong = [name for name, shape in FORM.items() if not re.fullmatch(shape, form.get(name, ""))]
        if wrong or set(form) - set(FORM):
            raise Refused("1004", f"Wrong fields: {', '.join(wrong) or ', '.join(set(form) - set(FORM))}")
        if form["payeeId"] not in PAYEES:
            raise Refused("1005", "Unknown payee")
        bill = {
            "id": str(700_000 + len(self._shelf.documents()) + 1),
            "phone": form["contractNumber"],
            "operator": PAYEES[form["payeeId"]],
            "amount": form["amount"],
            "currency": form["currency"],
            "comment": form["comment"],
            "created_at": self._now().isoformat(),
        }
        self._shelf.put(bill["id"], bill)
        return bill

    def find(self, bill_id: str) -> dict[str, Any] | None:
        return self._shelf.get(bill_id)

    def newest(self) -> list[dict[str, Any]]:
        """Each with `again`: an earlier bill paid the same payout of Kiosk to the same phone. (Another database counts
        its payouts from 1 again.)"""
        seen: set[tuple[str, str]] = set()
        listed = []
        for bill in sorted(self._shelf.documents(), key=lambda one: int(one["id"])):
            found = PAYOUT.fullmatch(bill["comment"])
            payout = (bill["phone"], found[1]) if found else None
            listed.append(bill | {"again": payout in seen})
            if payout:
                seen.add(payout)
        return listed[::-1]
