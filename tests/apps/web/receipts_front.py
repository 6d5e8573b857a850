"""A web process whose storage is the sandbox's, some people, and a program that sends their receipts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from httpx import Response
from sqlalchemy import text

from services import identity, receipts
from services.kit import Kit
from services.platform.storage import Storage
from services.receipts import Reading
from tests.apps.web.api_caller import Api, calling
from tests.factories import kit, make_user
from tests.services.receipts.desk import Desk, bought, picture
from tests.services.receipts.rules.made import campaign_toml

ADDRESS = "/api/v1/receipts"
JPEG = {"Content-Type": "image/jpeg"}


@dataclass
class Front:
    kit: Kit
    api: Api
    desk: Desk

    def person(self) -> identity.User:
        with self.kit.db.begin() as tx:
            return make_user(tx, self.kit.clock.now())

    def send(self, person: identity.User, content: bytes | None = None, *, once: str | None = None) -> Response:
        return self.upload(f"user_id={person.id}", picture() if content is None else content, once=once)

    def upload(
        self, query: str, content: Any, *, headers: dict[str, str] | None = None, once: str | None = None
    ) -> Response:
        return self.api.post(f"{ADDRESS}?{query}", content=content, headers=headers or JPEG, once=once)

    def read(self, person: identity.User, reading: Reading | None = None, **more: Any) -> int:
        """The id of a receipt that was sent and read."""
        known = reading or bought(self.kit.clock.now(), **more)
        return self.desk.read(self.send(person, picture(known)).json()["receipt_id"]).id

    def typed(self, person: identity.User, *, once: str | None = None, **change: Any) -> Response:
        facts = {"merchant": "Аптека", "date": str(self.kit.clock.now().date()), "total": "120.50", "currency": "UAH"}
        return self.api.post(f"{ADDRESS}/typed?user_id={person.id}", facts | change, once=once)

    def look(self, receipt_id: int) -> receipts.Receipt:
        return self.desk.look(receipt_id)

    def forget_answers(self) -> None:
        """As if every call had died between its work and its answer, a while ago."""
        with self.kit.db.begin() as tx:
            tx.execute(text("UPDATE api_idempotency SET status = NULL, body = NULL"))

    def elsewhere(self) -> Storage:
        """A storage that refuses connections."""
        return Storage(endpoint="http://127.0.0.1:9", bucket="b", access_key="a", secret_key="s", region="r")

    def count(self) -> int:
        with self.kit.db.begin() as tx:
            return int(tx.scalar(text("SELECT count(*) FROM receipts")) or 0)


def storage_at(url: str) -> dict[str, str]:
    """Settings of the sandbox's storage."""
    return {
        "STORAGE_ENDPOINT": url,
        "STORAGE_BUCKET": "kiosk",
        "STORAGE_ACCESS_KEY": "sandbox",
        "STORAGE_SECRET_KEY": "sandbox-secret",
    }


def promise(kit: Kit, **changes: str) -> None:
    """A campaign that gives a hryvnia for a receipt with Citramon."""
    now = kit.clock.now()
    toml = campaign_toml(**changes)
    for written, at in (("2026-11-01", now - timedelta(days=30)), ("2026-12-01", now + timedelta(days=30))):
        toml = toml.replace(written, str(at.date()))
    with kit.db.begin() as tx:
        receipts.rules.import_campaigns(tx, toml, actor="console:test", now=now)


@contextmanager
def front_in(database: str, redis: str, storage: str | None) -> Iterator[Front]:
    with kit(database, redis, "web", **(storage_at(storage) if storage else {})) as made, calling(made) as api:
        yield Front(made, api, Desk(made.db, made.storage, made.clock.now()))  # type: ignore[arg-type] # there may be none
