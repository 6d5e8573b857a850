"""Moments as the panel writes and reads them."""

import re
from datetime import UTC, datetime, tzinfo

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def stamp(moment: datetime) -> str:
    """UTC with milliseconds and Z; what is finer is cut. Such texts sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """What `stamp` wrote."""
    return datetime.fromisoformat(text)


def read(text: str, zone: tzinfo) -> datetime | None:
    """An ISO date of a request; without an offset it is meant in the panel's own `zone`. None: it is no date."""
    if not _ISO.fullmatch(text):
        return None
    try:
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
