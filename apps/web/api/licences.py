"""Licence keys: whether one counts, and what to check signed ones with. Whoever has the key may ask."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from apps.web.contract import Answered, Asked, Call, Endpoint, Nothing
from services import provisioning

HEADER = "X-Licence-Key"
LONGEST = 600  # characters: more than any key has


class KeyAsked(Asked):
    """Spaces around the key do not belong to it."""

    key: str = Field(min_length=1, max_length=LONGEST, description="The licence key.")


class Licence(Answered):
    """How the licence stands now. `valid` is true in the state `active` only; `suspended` is paused by its owner or
    revoked by the operator, `rotated` means that another key has taken this one's place."""

    valid: bool
    state: Literal["active", "suspended", "ended", "rotated", "refunded"]
    plan: str
    product: str
    ends_at: datetime

    @classmethod
    def of(cls, found: provisioning.licences.LicenceState) -> Self:
        return cls(valid=found.valid, state=found.state, plan=found.plan, product=found.product, ends_at=found.ends_at)


class PublicKey(Answered):
    """Ed25519 (RFC 8032). Keys are 32 bytes in Base64; `earlier` ones have signed keys that still count."""

    algorithm: Literal["Ed25519"]
    public_key: str
    earlier: list[str]


def verify(call: Call[KeyAsked, None]) -> Licence:
    return _verified(call, call.parameters.key)


def verify_body(call: Call[Nothing, KeyAsked]) -> Licence:
    return _verified(call, call.body.key)


def public_key(call: Call[Nothing, None]) -> PublicKey:
    keys = [base64.b64encode(key).decode() for key in _signer(call).public_keys()]
    if not keys:
        raise provisioning.licences.LicenceNotFound("no licences are signed here")
    return PublicKey(algorithm="Ed25519", public_key=keys[0], earlier=keys[1:])


def _verified(call: Call[Any, Any], key: str) -> Licence:
    with call.kit.db.begin() as tx:
        return Licence.of(provisioning.licences.verify_licence(tx, call.kit.cipher, _signer(call), key, call.now))


def _signer(call: Call[Any, Any]) -> provisioning.licences.Signer:
    return provisioning.licences.Signer.of(call.kit.settings.licence_signing_keys)


DESCRIPTION = (
    "The state is that of this moment, whatever end a signed key says. A key that nobody was given, for whatever "
    "reason, is answered with 404. A key does not belong into an address: addresses are logged everywhere."
)

CONTRACT = (
    Endpoint(
        method="GET",
        path="/api/v1/licences/verify",
        name="verify_licence",
        summary="Whether a licence key counts",
        description=DESCRIPTION,
        scope=None,
        run=verify,
        parameters=KeyAsked,
        in_header={"key": HEADER},
        answers={200: Licence},
        errors={404: (provisioning.licences.LicenceNotFound,)},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/licences/verify",
        name="verify_licence_key",
        summary="Whether a licence key counts, asked in a body",
        description=DESCRIPTION,
        scope=None,
        run=verify_body,
        body=KeyAsked,
        answers={200: Licence},
        errors={404: (provisioning.licences.LicenceNotFound,)},
    ),
    Endpoint(
        method="GET",
        path="/api/v1/licences/public-key",
        name="licence_public_key",
        summary="What signed licence keys are checked with, without asking",
        scope=None,
        run=public_key,
        answers={200: PublicKey},
        errors={404: (provisioning.licences.LicenceNotFound,)},
    ),
)
