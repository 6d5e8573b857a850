"""What adapters share that show their owner words and addresses instead of giving access to a machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services import identity
from services.platform.db import Database
from services.platform.i18n import language
from services.provisioning.provisioners.base import Grant, Misconfigured


def option(grant: Grant, name: str) -> Any:
    """Raises Misconfigured where the catalogue does not say it any more."""
    if name not in grant.good.options:
        raise Misconfigured(f"good {grant.good.name} ({grant.good.kind}) has no {name} in the catalogue")
    return grant.good.options[name]


def in_owners_language(db: Database, grant: Grant, texts: Mapping[str, str]) -> str:
    """The variant of an operator's text that the grant's owner reads."""
    party = identity.Party.parse(grant.party)
    if party.kind != "user":
        return language(None).own(texts)
    with db.begin() as tx:
        return identity.user(tx, party.id).language.own(texts)


def named(*content: object) -> str:
    """A short name of plain values that changes when they do. For what the catalogue holds openly: a name made so lets
    a short secret be guessed."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
