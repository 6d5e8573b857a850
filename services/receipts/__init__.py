"""Shop receipts into cashback.

A picture is kept (`submit`), read (`recognise`), and judged by the rules of campaigns (`judge`); where nothing confirms
what was read, a person looks (`in_review`, `correct`, `approve`, `refuse`). What it earns is paid once (`payouts`).
The same receipt earns nothing a second time, whoever sends it."""

from services.receipts import ocr, payouts, rules
from services.receipts.calls import note_call, receipt_of_call
from services.receipts.doubles import doubles_of
from services.receipts.errors import (
    BadFacts,
    BadPicture,
    NotInReview,
    NotPayable,
    NotReversible,
    PictureGone,
    ReceiptNotFound,
    TooManyReceipts,
)
from services.receipts.events import (
    PayoutContradicted,
    PayoutDue,
    PayoutFailed,
    PayoutNeedsDecision,
    PayoutsCapped,
    PayoutSucceeded,
    PictureExpired,
    PictureSweepDue,
    ReceiptAccepted,
    ReceiptNeedsReview,
    ReceiptRecognised,
    ReceiptRejected,
    ReceiptReminderDue,
    ReceiptReversed,
    ReceiptSubmitted,
)
from services.receipts.export import export_table
from services.receipts.facts import FiscalCode, Reading, ReadLine
from services.receipts.judge import judge
from services.receipts.ocr.registers.base import Register
from services.receipts.overview import Waiting, latest, waiting
from services.receipts.pictures import LARGEST, MEDIA_TYPES
from services.receipts.questions import ask, asked, forget
from services.receipts.recognise import Reader, recognise
from services.receipts.remind import remind
from services.receipts.reread import reread
from services.receipts.retention import delete_picture, plan_expiry, schedule_picture_sweep
from services.receipts.review import REASONS, approve, correct, refuse
from services.receipts.rules import Campaign
from services.receipts.settle import note_not_paid, note_paid, note_paying, reverse
from services.receipts.submit import Upload, abandon, submit
from services.receipts.typed import Facts, submit_typed
from services.receipts.views import (
    STATES,
    Receipt,
    Statistics,
    any_receipt,
    history,
    in_review,
    receipt,
    receipts_between,
    statistics,
)

__all__ = [
    "LARGEST",
    "MEDIA_TYPES",
    "REASONS",
    "STATES",
    "BadFacts",
    "BadPicture",
    "Campaign",
    "Facts",
    "FiscalCode",
    "NotInReview",
    "NotPayable",
    "NotReversible",
    "PayoutContradicted",
    "PayoutDue",
    "PayoutFailed",
    "PayoutNeedsDecision",
    "PayoutSucceeded",
    "PayoutsCapped",
    "PictureExpired",
    "PictureGone",
    "PictureSweepDue",
    "ReadLine",
    "Reader",
    "Reading",
    "Receipt",
    "ReceiptAccepted",
    "ReceiptNeedsReview",
    "ReceiptNotFound",
    "ReceiptRecognised",
    "ReceiptRejected",
    "ReceiptReminderDue",
    "ReceiptReversed",
    "ReceiptSubmitted",
    "Register",
    "Statistics",
    "TooManyReceipts",
    "Upload",
    "Waiting",
    "abandon",
    "any_receipt",
    "approve",
    "ask",
    "asked",
    "correct",
    "delete_picture",
    "doubles_of",
    "export_table",
    "forget",
    "history",
    "in_review",
    "judge",
    "latest",
    "note_call",
    "note_not_paid",
    "note_paid",
    "note_paying",
    "ocr",
    "payouts",
    "plan_expiry",
    "receipt",
    "receipt_of_call",
    "receipts_between",
    "recognise",
    "refuse",
    "remind",
    "reread",
    "reverse",
    "rules",
    "schedule_picture_sweep",
    "statistics",
    "submit",
    "submit_typed",
    "waiting",
]
