"""What can run out is looked at before it is paid. Nothing is set aside: two who pay for the last one at the same
moment are told apart when their payments arrive (follow.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from services import billing, catalog, subscriptions
from services.catalog import Good, Quote
from services.identity import Party
from services.platform.errors import Conflict
from services.provisioning.grants import read
from services.provisioning.models import AccessGrantRow
from services.provisioning.provisioners.base import Capability, OutOfStock, Provisioner, Provisioners

BRINGS_GOODS = ("subscription", "change", "gift")  # purposes of a quote


class SoldOut(Conflict):
    """Nothing is left of a good that this would bring."""

    code: ClassVar[str] = "sold_out"


def require_stock(tx: Session, provisioners: Provisioners, terms: Quote, party: Party, now: datetime) -> None:
    """Raises SoldOut where a good of the terms has run out, unless the party would keep what it has, or had when its
    subscription ended. A gift is for somebody else."""
    if terms.purpose not in BRINGS_GOODS:
        return
    own = [] if terms.purpose == "gift" else _own(tx, party, terms.product)
    for name in terms.access:
        good = catalog.good(tx, name)
        provisioner = provisioners.get(good.kind)
        if provisioner is None or Capability.STOCK not in provisioner.capabilities:
            continue
        left = provisioner.stock(tx, good, terms.locations, now)
        if left is not None and left <= 0 and not _keeps(tx, provisioner, own, good, terms, now):
            raise SoldOut(f"{name} of {terms.tariff}")


def why_not_to_charge(tx: Session, provisioners: Provisioners, purpose: str, now: datetime) -> str | None:
    """For billing.carry_out_charge: "sold_out", or None."""
    charge = billing.charge_of(tx, purpose)
    if charge is None:
        return None
    sold = billing.invoice(tx, charge.invoice_id)
    try:
        require_stock(tx, provisioners, sold.quote, sold.party, now)
    except SoldOut:
        return SoldOut.code
    return None


def _own(tx: Session, party: Party, product: str) -> list[AccessGrantRow]:
    newest = next((one for one in subscriptions.subscriptions_of(tx, party) if one.product == product), None)
    if newest is None:
        return []
    rows = select(AccessGrantRow).where(AccessGrantRow.subscription_id == newest.id)
    return list(tx.scalars(rows.order_by(AccessGrantRow.id)))


def _keeps(
    tx: Session, provisioner: Provisioner, own: list[AccessGrantRow], good: Good, terms: Quote, now: datetime
) -> bool:
    """Tries it on the grant that it would be, and takes nothing."""
    moves = Capability.MOVES in provisioner.capabilities
    row = next((one for one in own if one.good == good.name), None) or next(
        (one for one in own if moves and one.kind == good.kind and one.good not in terms.access), None
    )
    if row is None:
        return False
    grant = replace(read(tx, row), good=good, state="active", locations=terms.locations)
    attempt = tx.begin_nested()
    try:
        provisioner.reserve(tx, grant, now)
    except OutOfStock:
        return False
    finally:
        attempt.rollback()
    return True
