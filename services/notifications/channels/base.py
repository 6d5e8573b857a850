"""The port to a way of reaching people, and every answer it can give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Button:
    """Either `data` (answered by the bot), `url`, or `copy` (what a tap puts on the clipboard, 256 characters). The
    last two may be secret."""

    text: str
    data: str | None = None
    url: str | None = field(default=None, repr=False)
    copy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document, or a photo where `is_photo`. One that the channel has already is sent again by its `file_id`."""

    name: str
    content: bytes = field(repr=False)
    is_photo: bool = False
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A document that lies in the bucket under `key`; `good` and `version` name its content. `otherwise` is said in
    place of the message where it cannot be fetched."""

    good: str
    version: str
    key: str
    name: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`text` is Telegram HTML: the message, or the caption of the attachment. `rows` are rows of buttons.
    `stored` becomes the attachment before it is sent. `edits` is the id of an earlier message whose place it takes:
    that one is changed, or, where it cannot be, a new one is sent. With `anew` a new one is sent either way, so that it
    is heard, and the earlier one goes."""

    text: str = field(repr=False)
    rows: tuple[tuple[Button, ...], ...] = ()
    attachment: Attachment | None = None
    stored: Stored | None = None
    edits: int | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """`file_id` names the document that was sent, for this account only."""

    message_id: int
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The person blocked the bot, or is gone: do not try again."""

    error: str


@dataclass(frozen=True, slots=True)
class SlowDown:
    """Everybody must wait `seconds`; this message was not sent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The message itself is wrong."""

    error: str


@dataclass(frozen=True, slots=True)
class NotSent:
    error: str


@dataclass(frozen=True, slots=True)
class MaybeSent:
    """It may have arrived: no answer, or one that cannot be read."""

    error: str


Delivered = Sent | Unreachable | SlowDown | Refused | NotSent | MaybeSent


class Channel(Protocol):
    @property
    def account(self) -> str:
        """Who sends: another account does not know its file ids."""
        ...

    def send(self, address: int, message: Outgoing) -> Delivered: ...
