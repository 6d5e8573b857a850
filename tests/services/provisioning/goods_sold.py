"""A Kiosk that sells one good without a machine, and people who buy it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from services import catalog, provisioning, subscriptions
from services.provisioning.provisioners.base import Artifact, Grant
from tests.world import Kiosk, Person

TARIFF = """
[[tariff]]
slug = "thing"
name = {ru = "Вещь", uk = "Річ", en = "A thing"}
description = {ru = "Вещь", uk = "Річ", en = "A thing"}
prices = {RUB = "100.00"}
period = {months = 1}
devices = 2
access = ["thing-good"]
"""


def sell(kiosk: Kiosk, kind: str, **options: Any) -> None:
    """Puts the tariff `thing` on sale, which delivers this, or mends the good."""
    lines = "\n".join(f"{name} = {_toml(value)}" for name, value in options.items())
    toml = f'[[good]]\nname = "thing-good"\nkind = "{kind}"\n{lines}\n{TARIFF}'
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, toml, kiosk.now)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def owned(kiosk: Kiosk, person: Person) -> provisioning.Access:
    """The one good of a person's newest subscription."""
    with kiosk.kit.db.begin() as tx:
        mine = subscriptions.subscriptions_of(tx, person.party)[0]
        (found,) = provisioning.access_of(tx, kiosk.kit.cipher, person.party, mine.id)
    return found


def shown(kiosk: Kiosk, person: Person) -> list[Artifact]:
    return list(owned(kiosk, person).artifacts)


def end(kiosk: Kiosk, person: Person) -> None:
    """Lets the time run out."""
    with kiosk.kit.db.begin() as tx:
        mine = subscriptions.subscriptions_of(tx, person.party)[0]
    kiosk.pass_time(mine.access_until - kiosk.now + timedelta(minutes=2), step=timedelta(days=8))


def operators(kiosk: Kiosk, *people: Person) -> None:
    """Makes these people the operators."""
    ids = tuple(person.telegram_id for person in people)
    settings = kiosk.kit.settings.model_copy(update={"telegram_admin_ids": ids})
    object.__setattr__(kiosk.kit, "settings", settings)


def wish(kiosk: Kiosk, person: Person, **options: Any) -> Grant:
    """What is wanted of the person's grant now, as an adapter gets it."""
    from services.provisioning.grants import read
    from services.provisioning.models import AccessGrantRow

    with kiosk.kit.db.begin() as tx:
        return read(tx, tx.get_one(AccessGrantRow, owned(kiosk, person).grant_id))


def touch(kiosk: Kiosk, person: Person, cause: str = "repair") -> None:
    """Has the grant applied again."""
    from services.provisioning.grants import touch
    from services.provisioning.models import AccessGrantRow

    grant_id = owned(kiosk, person).grant_id
    with kiosk.kit.db.begin() as tx:
        touch(tx, tx.get_one(AccessGrantRow, grant_id), kiosk.now, cause=cause)
    kiosk.drain()


def everything_written(kiosk: Kiosk) -> str:
    """All that stands in plain in events, messages, deliveries and the audit log."""
    sql = (
        "SELECT string_agg(line, ' ') FROM (SELECT body::text AS line FROM outbox_events UNION ALL "
        "SELECT params::text || coalesce(error, '') || key FROM messages UNION ALL "
        "SELECT coalesce(last_error, '') FROM outbox_deliveries UNION ALL SELECT detail::text FROM audit_log) lines"
    )
    return str(kiosk.scalar(sql))
