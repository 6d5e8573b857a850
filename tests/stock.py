"""A shop that sells what runs out: licence keys of a pool, signed ones, and both together with a VPN."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services import billing, catalog, provisioning, subscriptions
from services.provisioning import Access
from services.provisioning.licences import LicenceState, Signer
from services.subscriptions import Subscription
from tests.world import Kiosk, Person

SIGNING_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # the bytes 0 to 31
GOODS = """
[[good]]
name = "game-key"
kind = "licence"
pool = "games"
title = {en = "A game", ru = "Игра", uk = "Гра"}

[[good]]
name = "app"
kind = "licence"
signed = true
plan = "pro"
"""
TARIFF = """
[[tariff]]
slug = "{slug}"
product = "{product}"
name = {{ru = "{slug}", uk = "{slug}", en = "{slug}"}}
description = {{ru = "Д", uk = "Д", en = "D"}}
prices = {{RUB = "{price}", XTR = "150"}}
period = {{months = 1}}
access = [{access}]
devices = {devices}
"""


def tariff(slug: str, *access: str, product: str | None = None, price: str = "299.00", devices: int = 1) -> str:
    named = ", ".join(f'"{name}"' for name in access)
    return TARIFF.format(slug=slug, product=product or slug, price=price, access=named, devices=devices)


CATALOGUE = GOODS + "".join(
    [
        tariff("game", "game-key"),
        tariff("app", "app"),
        tariff("bundle", "wireguard", "game-key"),
        tariff("plain", "wireguard", product="bundle", price="199.00"),
    ]
)


def stocked(kiosk: Kiosk, *keys: str, pool: str = "games") -> None:
    """On sale, with these keys in the pool."""
    with kiosk.kit.db.begin() as tx:
        catalog.import_catalogue(tx, CATALOGUE, kiosk.now)
    if keys:
        arrive(kiosk, *keys, pool=pool)


def arrive(kiosk: Kiosk, *keys: str, pool: str = "games") -> None:
    with kiosk.kit.db.begin() as tx:
        lines = list(enumerate(keys, 1))
        provisioning.licences.import_keys(tx, kiosk.kit.cipher, pool, lines, actor="console:test", now=kiosk.now)


def owned(kiosk: Kiosk, person: Person, product: str = "game") -> Subscription:
    with kiosk.kit.db.begin() as tx:
        return next(one for one in subscriptions.subscriptions_of(tx, person.party) if one.product == product)


def accesses(kiosk: Kiosk, person: Person, product: str = "game") -> dict[str, Access]:
    """By name of the good."""
    subscription_id = owned(kiosk, person, product).id
    with kiosk.kit.db.begin() as tx:
        found = provisioning.access_of(tx, kiosk.kit.cipher, person.party, subscription_id)
    return {one.good.name: one for one in found}


def key_of(kiosk: Kiosk, person: Person, good: str = "game-key", product: str = "game") -> str | None:
    """What its owner is shown."""
    shown = accesses(kiosk, person, product)[good].artifact("key")
    return shown.content if shown else None


def verified(kiosk: Kiosk, key: str) -> LicenceState:
    signer = Signer.of(kiosk.kit.settings.licence_signing_keys)
    with kiosk.kit.db.begin() as tx:
        return provisioning.licences.verify_licence(tx, kiosk.kit.cipher, signer, key, kiosk.now)


def keys_in(kiosk: Kiosk, pool: str = "games") -> dict[str, int]:
    """How many, by state."""
    with kiosk.kit.db.begin() as tx:
        rows = tx.execute(
            text("SELECT state, count(*) FROM licence_keys WHERE pool = :pool GROUP BY 1"), {"pool": pool}
        )
        return {row[0]: row[1] for row in rows}


def rotate(kiosk: Kiosk, person: Person, good: str = "game-key", product: str = "game") -> None:
    one = accesses(kiosk, person, product)[good]
    with kiosk.kit.db.begin() as tx:
        provisioning.rotate(
            tx, kiosk.kit.provisioners, person.party, one.grant_id, generation=one.generation, now=kiosk.now
        )
    kiosk.drain()


def in_stock(kiosk: Kiosk, person: Person) -> billing.MaySell:
    return lambda tx, sold: provisioning.require_stock(tx, kiosk.kit.provisioners, sold, person.party, kiosk.now)


def refunds(kiosk: Kiosk) -> list[dict[str, Any]]:
    with kiosk.kit.db.begin() as tx:
        rows = tx.execute(text("SELECT payment_id, state, amount_minor, actor, access FROM refunds ORDER BY id"))
        return [dict(row._mapping) for row in rows]
