"""Shop receipts into cashback.

A picture is kept (`submit`), read (`recognise`), and judged by the rules of campaigns (`judge`); where nothing confirms
what was read, a person looks (`in_review`, `correct`, `approve`, `refuse`). What it earns is paid once (`payouts`).
The same receipt earns nothing a second time, whoever sends it."""

from services.receipts import payouts, rules
from services.receipts.errors import (
    BadFacts,
    BadPicture,
    NotInReview,
    NotPayable,
    NotReversible,
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
    ReceiptAccepted,
    ReceiptNeedsReview,
    ReceiptRecognised,
    ReceiptRejected,
    ReceiptReminderDue,
    ReceiptSubmitted,
)
from services.receipts.facts import FiscalCode, Reading, ReadLine
from services.receipts.judge import judge
from services.receipts.pictures import LARGEST
from services.receipts.questions import ask, asked, forget
from services.receipts.recognise import Reader, recognise
from services.receipts.remind import remind
from services.receipts.review import REASONS, approve, correct, refuse
from services.receipts.rules import Campaign
from services.receipts.settle import note_not_paid, note_paid, note_paying
from services.receipts.submit import Upload, abandon, submit
from services.receipts.typed import Facts, submit_typed
from services.receipts.views import (
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
    "REASONS",
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
    "ReceiptSubmitted",
    "Statistics",
    "TooManyReceipts",
    "Upload",
    "abandon",
    "any_receipt",
    "approve",
    "ask",
    "asked",
    "correct",
    "forget",
    "history",
    "in_review",
    "judge",
    "note_not_paid",
    "note_paid",
    "note_paying",
    "payouts",
    "receipt",
    "receipts_between",
    "recognise",
    "refuse",
    "remind",
    "rules",
    "statistics",
    "submit",
    "submit_typed",
]
