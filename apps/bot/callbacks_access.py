"""The buttons of what a subscription gives, as in callbacks.py."""

from __future__ import annotations

import hashlib
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from apps.bot.callback_values import Id

# Names at other sides are as long as they like: a button carries what `marks` them.
Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class ShowAccess(CallbackData, prefix="access"):
    """One good: what it is, how it stands, and what can be done with it."""

    grant_id: Id


class SendAccess(CallbackData, prefix="again"):
    """The file, link or key, once more."""

    grant_id: Id


class Replace(CallbackData, prefix="new"):
    """Other credentials; asks first."""

    grant_id: Id


class ReplaceNow(CallbackData, prefix="newok"):
    """Those of `generation`: however often it is tapped, once."""

    grant_id: Id
    generation: Id


class Devices(CallbackData, prefix="devices"):
    grant_id: Id


class ForgetDevice(CallbackData, prefix="device"):
    """Asks first."""

    grant_id: Id
    mark: Mark


class ForgetDeviceNow(CallbackData, prefix="deviceok"):
    grant_id: Id
    mark: Mark


class Locations(CallbackData, prefix="places"):
    grant_id: Id


class MoveTo(CallbackData, prefix="place"):
    """Asks first."""

    grant_id: Id
    mark: Mark


class MoveNow(CallbackData, prefix="placeok"):
    grant_id: Id
    mark: Mark


def mark_of(name: str) -> str:
    """Of a device or a location."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]
