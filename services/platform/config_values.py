"""How single settings are written, and what is wrong with one that is not. Messages never quote the value."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, SecretStr


def comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def outside_url(value: str) -> str:
    """Secrets travel to these addresses: https, or this very machine. They are shown in logs, so they hold none."""
    parts = address(value)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not (parts.scheme == "https" and parts.hostname) and not (parts.scheme == "http" and local):
        raise ValueError("must be an https:// address (http:// only on this machine)")
    if parts.username is not None:
        raise ValueError("must not hold a password")
    return value.rstrip("/")


def address(value: str) -> SplitResult:
    """Takes a URL apart. What Python says about a bad one quotes it: that is kept back."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("must be an address") from None
    return parts


def secret_address(value: SecretStr) -> SecretStr:
    address(value.get_secret_value())
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # none of that name; a path; a directory
        raise ValueError("must be a time zone like Europe/Moscow") from None
    return value


def secret(pattern: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, value.get_secret_value()):
            raise ValueError(f"must match {pattern}")
        return value

    return AfterValidator(check)


POLICY_REASONS = ("late", "double", "amount")
POLICY = re.compile(rf"({'|'.join(POLICY_REASONS)})=(apply|refund|keep|ask)")


def policies(value: tuple[str, ...]) -> tuple[str, ...]:
    for part in value:
        if not POLICY.fullmatch(part):
            raise ValueError("must be late=, double= or amount= with apply, refund, keep or ask")
    return value


def reward(value: str) -> str:
    """What an invitation is worth: days, bonus tokens, or a share of the payment."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}d|[1-9][0-9]{0,6} ?tokens?|([1-9][0-9]?|100)%", value):
        raise ValueError('must be like "7d", "50 tokens" or "10%"')
    return value


def invited_reward(value: str) -> str:
    """A share of the payment is for the inviter: for the invited it would be a discount, which tariffs and codes do."""
    if reward(value).endswith("%"):
        raise ValueError('must be like "7d" or "50 tokens"')
    return value


CommaList = BeforeValidator(comma_list)
OutsideUrl = Annotated[str, AfterValidator(outside_url)]
InvitedReward = Annotated[str, AfterValidator(invited_reward)]
Policies = AfterValidator(policies)
Reward = Annotated[str, AfterValidator(reward)]
SecretAddress = AfterValidator(secret_address)
TimeZone = Annotated[str, AfterValidator(time_zone)]
SigningKey = secret(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # 32 bytes in Base64
