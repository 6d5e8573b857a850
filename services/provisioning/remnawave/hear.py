"""A panel's webhook, from its bytes to a stored hint."""

from __future__ import annotations

from datetime import datetime

from services.platform.config_panels import RemnawavePanel
from services.platform.db import Database
from services.provisioning.hints import note_hint
from services.provisioning.remnawave.marks import key_of
from services.provisioning.remnawave.webhook import read_hint


def hear_panel(db: Database, panel: RemnawavePanel, body: bytes, signature: str, now: datetime) -> bool:
    """Whether it is news about a grant; committed then. Raises BadSignature and BadDocument for what is not to be
    believed; what is unknown or about somebody else is no news."""
    hint = read_hint(body, signature, [secret.get_secret_value() for secret in panel.webhook_secret], now)
    key = key_of(hint.username) if hint else None
    if hint is None or key is None:
        return False
    with db.begin() as tx:
        return note_hint(tx, kind="remnawave", place=panel.code, key=key, digest=hint.digest, now=now)
