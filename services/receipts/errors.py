"""What may go wrong with a receipt."""

from __future__ import annotations

from typing import ClassVar

from services.platform.errors import Conflict, Invalid, NotFound, TryLater


class ReceiptNotFound(NotFound):
    """There is none, or it is somebody else's."""

    code: ClassVar[str] = "receipt_not_found"


class PictureGone(NotFound):
    """It was typed in, or its picture was deleted after the time that pictures are kept."""

    code: ClassVar[str] = "receipt_picture_gone"


class BadPicture(Invalid):
    """What was sent cannot be a picture of a receipt. `reason`: empty, too_large or not_a_picture."""

    code: ClassVar[str] = "bad_picture"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadFacts(Invalid):
    """What a person wrote about a receipt is not possible. The message says what."""

    code: ClassVar[str] = "bad_receipt_facts"


class TooManyReceipts(TryLater):
    """More uploads than one person may make; `after` is in seconds."""

    code: ClassVar[str] = "too_many_receipts"


class NotInReview(Conflict):
    """It is decided already, or not read yet."""

    code: ClassVar[str] = "receipt_not_in_review"


class NotPayable(Conflict):
    """It cannot be approved as it is. `reason` is a code of the rules, or duplicate_receipt."""

    code: ClassVar[str] = "receipt_not_payable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotReversible(Conflict):
    """Nothing was paid for it, or it left the house and cannot be taken back."""

    code: ClassVar[str] = "receipt_not_reversible"
