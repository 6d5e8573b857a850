"""How payouts are set up in the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from services.platform.config_values import CommaList, secret

PAYEE_ID = re.compile(r"([0-9]{2}|\*)=([0-9]{1,12})")
NEEDED = ("PORTMONE_PASSWORD", "PORTMONE_PAYEE_IDS")


def payee_ids(value: tuple[str, ...]) -> tuple[str, ...]:
    prefixes = [part.partition("=")[0] for part in value]
    if not all(PAYEE_ID.fullmatch(part) for part in value) or len(set(prefixes)) < len(prefixes):
        raise ValueError("must be like 67=1,50=2,*=3: the two digits behind 380, each once, or * for all others")
    return value


PayeeIds = Annotated[tuple[str, ...], CommaList, AfterValidator(payee_ids)]
WebhookToken = Annotated[SecretStr, secret(r"[!-~]{16,256}")]


def what_portmone_needs(given: Mapping[str, str]) -> dict[str, str]:
    """Variables with the reason why they are needed."""
    if any(name in given for name in ("PORTMONE_LOGIN", *NEEDED)):
        return dict.fromkeys(("PORTMONE_LOGIN", *NEEDED), "needed beside the other PORTMONE_*")
    return {}


def by_prefix(ids: tuple[str, ...]) -> dict[str, str]:
    """Portmone's number of an operator, by the digits of its phones."""
    return dict(part.split("=") for part in ids)
