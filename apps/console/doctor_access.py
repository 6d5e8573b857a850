"""The doctor's look at access: every place where it is given, and what cannot be delivered or taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from apps.console.findings import Trouble
from services import provisioning
from services.kit import Kit
from services.platform.errors import KioskError

Check = Callable[[Kit], str]
ELSEWHERE = ("wireguard", "remnawave", "channel", "licence")  # have findings of their own


def checks(kit: Kit) -> Iterator[tuple[str, Check]]:
    for kind, provisioner in kit.provisioners.items():
        if kind not in ELSEWHERE:
            for place in _places(kit, provisioner):
                yield f"{kind} {place}", _place(kind, place)
    yield "Access", _access


def _places(kit: Kit, provisioner: provisioning.Provisioner) -> list[str]:
    try:
        with kit.db.begin() as tx:
            return list(provisioner.places(tx))
    except SQLAlchemyError:
        return []  # the database has a finding of its own


def _place(kind: str, place: str) -> Check:
    def check(kit: Kit) -> str:
        try:
            health = kit.provisioners[kind].check(place)
        except KioskError as error:
            raise Trouble(str(error), f"look at the settings of {kind} {place}, then at the place itself") from None
        if health.capacity and health.used is not None and health.used >= health.capacity:
            raise Trouble(f"{health.used} of {health.capacity} are taken", "make room, or take it off the catalogue")
        until = f", our credentials end {health.expires_at:%Y-%m-%d}" if health.expires_at else ""
        return f"{health.says}{until}"

    return check


def _access(kit: Kit) -> str:
    try:
        with kit.db.begin() as tx:
            failing = provisioning.grants(tx, failing=True, limit=1000)
            troubles = [one for one in provisioning.troubles(tx) if one.is_told]
            held = sum(some for _, _, some, _ in provisioning.counts(tx))
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
    if failing:
        raise Trouble(
            f"{len(failing)} grants cannot be delivered or taken back", "python -m apps.console access list --failing"
        )
    if troubles:
        named = ", ".join(f"{one.kind} {one.place} ({one.trouble})" for one in troubles)
        raise Trouble(f"in trouble: {named}", "python -m apps.console access places")
    return f"{held} grants are held as wanted"
