"""The notice on ResultURL (source: docs.robokassa.ru, "Уведомления и переадресация"): a form, by POST or in the query.

Signed with password 2 are OutSum, InvId and Shp_*, and nothing else; so nothing else moves money. The signature is over
the texts as they came: OutSum is "299.000000" there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from services.billing.providers.base import BadNotification, Notice, RawNotice, Snapshot
from services.billing.providers.robokassa.operation import given_key, saved_method
from services.billing.providers.robokassa.signature import Signer, own_fields, signed
from services.billing.providers.robokassa.wire import rubles
from services.platform.money import BadAmount, Money

LARGEST = 16 * 1024
MOST_FIELDS = 60
LONGEST = 2048  # characters of one value
NUMBER = re.compile(r"[1-9][0-9]{0,9}")
LAST_NUMBER = 2**31 - 1
SIGNATURE = re.compile(r"[0-9A-Fa-f]{32,128}")
KEPT = ("OutSum", "InvId", "Fee", "PaymentMethod", "IncCurrLabel", "IsTest")  # no e-mail, no signature
READ = frozenset(name.lower() for name in (*KEPT, "SignatureValue"))  # Robokassa sends more, some of it twice renamed
OWN = ("shp_attempt", "shp_save")


def is_number(text: str) -> bool:
    """Whether it can be an InvId: 1 to 2^31 - 1, written in one way only."""
    return NUMBER.fullmatch(text) is not None and int(text) <= LAST_NUMBER


def read_notice(raw: RawNotice, signer: Signer, password2: str) -> Notice:
    """Raises BadNotification, and nothing else."""
    try:
        fields = _fields(raw)
        external_id, out_sum, given = (fields.get(name, "") for name in ("InvId", "OutSum", "SignatureValue"))
        if not is_number(external_id) or not SIGNATURE.fullmatch(given):
            raise BadNotification("names no payment, or is not signed")
        rubles(out_sum)
        if not signer.matches(given, out_sum, external_id, password2, *signed(fields)):
            raise BadNotification("not signed by Robokassa")
    except BadAmount:
        raise BadNotification("names no amount") from None
    except ValueError as error:  # not UTF-8, too many fields
        raise BadNotification(f"not a form: {type(error).__name__}") from None
    body = {name: fields[name] for name in KEPT if name in fields}
    body |= {name: value for name, value in own_fields(fields).items() if name.lower() in OWN}
    return Notice(kind="result", external_id=external_id, body=body, signed=True, answer=f"OK{external_id}")


def proof(body: Mapping[str, Any], *, merchant: str, test: bool) -> Snapshot | None:
    """What a stored notice proves: it was paid. `test`: the passwords are the test ones. With IsTest it is a test
    whatever the passwords: links do not sign IsTest, where the passwords are equal a buyer could add it."""
    fields = {name: value for name, value in body.items() if isinstance(value, str)}
    try:
        amount = rubles(fields.get("OutSum", ""))
    except BadAmount:
        return None
    if not is_number(fields.get("InvId", "")):
        return None
    return Snapshot(
        external_id=fields["InvId"],
        status="succeeded",
        amount=amount,
        key=given_key(fields),
        merchant=merchant,
        test=test or fields.get("IsTest", "").lower() not in ("", "0", "false"),
        fee=_fee(fields.get("Fee", ""), amount),
        method=saved_method(fields["InvId"], fields, fields.get("PaymentMethod")),
    )


def _fields(raw: RawNotice) -> dict[str, str]:
    """Each once. Raises BadNotification, or ValueError."""
    if len(raw.body) > LARGEST or len(raw.query) > MOST_FIELDS:
        raise BadNotification("too large")
    if raw.body.strip():
        pairs = parse_qsl(raw.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    else:
        pairs = list(raw.query.items())
    read = [(name, value) for name, value in pairs if name.lower() in READ or own_fields({name: value})]
    if len({name.lower() for name, _ in read}) != len(read):
        raise BadNotification("says something twice")
    for text in (one for pair in read for one in pair):
        text.encode()  # ValueError for a lone surrogate
        if len(text) > LONGEST or not text.isprintable():
            raise BadNotification("holds what no form of Robokassa holds")
    return dict(read)


def _fee(text: str, amount: Money) -> Money | None:
    try:
        fee = rubles(text)
    except BadAmount:  # absent, or finer than a kopeck
        return None
    return fee if fee.minor < amount.minor else None
