from __future__ import annotations

from dataclasses import dataclass

from services.platform.outbox import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserJoined(Event):
    name = "identity.user_joined"
    user_id: int
    start_parameter: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneGiven(Event):
    """A person's phone is known, or is another one now."""

    name = "identity.phone_given"
    user_id: int
