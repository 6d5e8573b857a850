"""What OpStateExt answers (source: docs.robokassa.ru, "XML интерфейсы"): one operation of the shop, as XML.

<OperationStateResponse><Result><Code/></Result><State><Code/><StateDate/></State>
<Info><IncSum/><IncAccount/><PaymentMethod><Code/></PaymentMethod><OutSum/><OpKey/>...</Info>
<UserField><Field><Name/><Value/></Field>...</UserField></OperationStateResponse>

`IncSum` is what the buyer paid and `OutSum` what the shop's balance gets of it, the fee taken off; so IncSum is held
against the price. Where the shop lets buyers pay the fee, IncSum is above the price: then only the notice on ResultURL
proves that it was paid exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.parsers import expat

from services.billing.providers.base import Method, Snapshot, Unknown
from services.billing.providers.robokassa.signature import own_fields
from services.billing.providers.robokassa.wire import rubles
from services.platform.money import BadAmount, Money

DONE, WRONG_SIGNATURE, NO_SHOP, NO_OPERATION, SEVERAL = 0, 1, 2, 3, 4  # Result.Code
# State.Code. Only 100 is paid: at 50 the money is with Robokassa and can still go back, 80 is a security check.
STATES = {5: "awaiting_user", 10: "canceled", 20: "authorized", 50: "awaiting_user", 60: "canceled"}
STATES |= {80: "awaiting_user", 100: "succeeded"}
REASONS = {10: "canceled", 60: "returned_to_buyer"}
DEEPEST = 10
NUMBER = re.compile(r"[0-9]{1,9}")
CARD = re.compile(r"[0-9]{4,8}\*+([0-9]{4})")


class Unreadable(ValueError):
    """Not an answer of OpStateExt."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`texts` maps paths like "Info/IncSum" to what stands there; `own` is the shop's own fields, empty where
    the answer gives none back."""

    result: int
    state: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)

    def snapshot(self, external_id: str, merchant: str) -> Snapshot | Unknown:
        """Of a live payment: OpStateExt knows no test ones. Only a paid one must name its amount."""
        status = STATES.get(self.state) if self.state is not None else None
        if status is None:
            return Unknown(f"state {self.state}")
        try:
            paid = rubles(self.texts.get("Info/IncSum", "" if status == "succeeded" else "0"))
        except BadAmount:
            return Unknown("unreadable answer: IncSum")
        succeeded = status == "succeeded"
        return Snapshot(
            external_id=external_id,
            status=status,
            amount=paid,
            key=given_key(self.own) if self.own else None,
            merchant=merchant,
            test=False,
            reason=REASONS.get(self.state or 0),
            fee=self._fee(paid) if succeeded else None,
            method=self._method(external_id) if succeeded else None,
            at=self._at(),
        )

    def _fee(self, paid: Money) -> Money | None:
        try:
            fee = paid - rubles(self.texts.get("Info/OutSum", ""))
        except BadAmount:  # absent, or finer than a kopeck
            return None
        return fee if 0 <= fee.minor < paid.minor else None

    def _method(self, external_id: str) -> Method | None:
        card = CARD.fullmatch(self.texts.get("Info/IncAccount", ""))
        return saved_method(external_id, self.own, self.texts.get("Info/PaymentMethod/Code"), card and card[1])

    def _at(self) -> datetime | None:
        try:
            moment = datetime.fromisoformat(self.texts.get("State/StateDate", ""))  # seven digits: the last is dropped
        except ValueError:
            return None
        return moment if moment.tzinfo else None


def given_key(fields: Mapping[str, str]) -> str:
    """The attempt's key as Robokassa gives it back; "" where the payment was not asked for by Kiosk."""
    return next((value for name, value in own_fields(fields).items() if name.lower() == "shp_attempt"), "")


def saved_method(
    external_id: str, fields: Mapping[str, str], paid_by: str | None, last4: str | None = None
) -> Method | None:
    """Robokassa repeats payments by card only, and only those that were made to be repeated (we sign Shp_save)."""
    own = {name.lower(): value for name, value in own_fields(fields).items()}
    if own.get("shp_save") != "1" or (paid_by or "").lower() != "bankcard":
        return None
    return Method(token=external_id, title=f"Robokassa •• {last4}" if last4 else "Robokassa")


def read_operation(body: bytes) -> Operation:
    """The namespace differs between stands and is not looked at. Raises Unreadable, for any DOCTYPE as well: that is
    the door of entity bombs, and an honest answer has none."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except Unreadable:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(type(error).__name__) from None
    result, state = _code(reader.texts, "Result/Code"), _code(reader.texts, "State/Code")
    if result is None:
        raise Unreadable("no result code")
    return Operation(result, state, reader.texts, reader.own)


class _Reader:
    """Collects texts by their path below the root; a path that comes twice is nobody's honest answer."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.own: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._field: dict[str, str] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append

    def _doctype(self, *_: object) -> None:
        raise Unreadable("a DOCTYPE")

    def _start(self, name: str, _: object) -> None:
        local = name.rpartition(" ")[2]
        if not self._path and local != "OperationStateResponse":
            raise Unreadable("another document")
        self._path.append(local)
        self._text.clear()
        if len(self._path) > DEEPEST:
            raise Unreadable("nested too deep")

    def _end(self, _: str) -> None:
        path, text = self._path[1:], "".join(self._text).strip()
        self._path.pop()
        self._text.clear()
        if path[:1] in (["UserField"], ["UserFields"]) and path[1:2] == ["Field"]:
            self._own_field(path[2:], text)
        elif text:
            if "/".join(path) in self.texts:
                raise Unreadable("said twice")
            self.texts["/".join(path)] = text

    def _own_field(self, path: list[str], text: str) -> None:
        if path:
            self._field["/".join(path)] = text
            return
        name, value = self._field.get("Name", ""), self._field.get("Value", "")
        self._field = {}
        if name.lower() in (known.lower() for known in self.own):
            raise Unreadable("said twice")
        self.own[name] = value


def _code(texts: Mapping[str, str], path: str) -> int | None:
    text = texts.get(path, "")
    return int(text) if text.isascii() and NUMBER.fullmatch(text) else None
