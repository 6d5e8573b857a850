"""Remnawave panels in the environment: one in REMNAWAVE_URL and its neighbours, further ones as groups
REMNAWAVE_<CODE>_... of the codes listed in REMNAWAVE_PANELS."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from services.platform.config_values import CommaList, address, secret

FIRST = "main"  # the code of the one without a code of its own
PANEL_CODE = "[a-z][a-z0-9]{1,11}"
NO_SQUADS = "missing (squads by name or uuid: a user without squads has a link and no servers)"


def panel_url(value: str) -> str:
    """https; or http where no stranger can listen: this machine, a private network, a container's name."""
    parts = address(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an https:// address (http:// only inside a private network)")
    if parts.scheme == "http" and not _is_private(parts.hostname):
        raise ValueError("must be an https:// address (http:// only inside a private network)")
    if parts.username is not None:
        raise ValueError("must not hold a password")
    return value.rstrip("/")


class RemnawavePanel(BaseModel):
    """`squads` are names or uuids, for goods that name none. With a `webhook_secret` the panel may tell of changes;
    several are for the time in which it is replaced. `api_key` is what a proxy before the panel wants in X-Api-Key."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: str
    url: Annotated[str, AfterValidator(panel_url)]
    token: Annotated[SecretStr, secret(r"[!-~]{8,4096}")]
    squads: Annotated[tuple[str, ...], CommaList] = Field(min_length=1)
    webhook_secret: Annotated[tuple[SecretStr, ...], CommaList] = ()
    api_key: Annotated[SecretStr, secret(r"[!-~]{1,1024}")] | None = None


VARIABLES = tuple(field.upper() for field in RemnawavePanel.model_fields if field != "code")


def read_panels(
    given: Mapping[str, str], faults: list[str], explain: Callable[[ValidationError, str], list[str]]
) -> list[RemnawavePanel]:
    """The panels in the order in which they are named. What is wrong is added to `faults`."""
    panels = []
    codes = [part.strip() for part in given.get("REMNAWAVE_PANELS", "").split(",") if part.strip()]
    groups = {FIRST: "REMNAWAVE_"} if any(f"REMNAWAVE_{name}" in given for name in VARIABLES) else {}
    for code in codes:
        if not re.fullmatch(PANEL_CODE, code) or code == FIRST:
            faults.append(f"REMNAWAVE_PANELS: each code must match {PANEL_CODE} and not be {FIRST}")
        else:
            groups[code] = f"REMNAWAVE_{code.upper()}_"
    for code, prefix in groups.items():
        values = {name.lower(): given[prefix + name] for name in VARIABLES if given.get(prefix + name, "").strip(", ")}
        try:
            panels.append(RemnawavePanel.model_validate({**values, "code": code}))
        except ValidationError as error:
            missing = f"{prefix}SQUADS: missing"
            faults += [f"{prefix}SQUADS: {NO_SQUADS}" if line == missing else line for line in explain(error, prefix)]
        short = [key for key in values.get("webhook_secret", "").split(",") if key and len(key.strip()) < 32]
        if short:
            faults.append(f"{prefix}WEBHOOK_SECRET: the panel takes 32 characters or more")
    return panels


def _is_private(host: str) -> bool:
    """A name without a dot is a neighbour's in a container network; .internal and .local are nobody's in the world."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local", ".localhost"))
