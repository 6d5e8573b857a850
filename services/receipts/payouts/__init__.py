"""What receipts have earned, paid: to the balance, to a phone, or by an operator's own hand. Never twice.

One row for each receipt. Its intent is stored before a call, its outcome after it; where nobody can know the outcome
the payout waits for a person, and nothing calls again. docs/payouts.md has the rules."""

from services.receipts.payouts.books import check_payouts
from services.receipts.payouts.decide import DECISIONS, Decision, decide_payout, reverse_payout
from services.receipts.payouts.errors import PayoutDecided, PayoutNotFound
from services.receipts.payouts.hear import hear
from services.receipts.payouts.listing import BadResults, Imported, export_list, import_results
from services.receipts.payouts.order import order_payout, phone_given
from services.receipts.payouts.pay import pay
from services.receipts.payouts.providers.base import BadCallback, News, PayoutProvider, PayoutProviders
from services.receipts.payouts.views import Payout, counts, list_payouts, payout, payout_of

__all__ = [
    "DECISIONS",
    "BadCallback",
    "BadResults",
    "Decision",
    "Imported",
    "News",
    "Payout",
    "PayoutDecided",
    "PayoutNotFound",
    "PayoutProvider",
    "PayoutProviders",
    "check_payouts",
    "counts",
    "decide_payout",
    "export_list",
    "hear",
    "import_results",
    "list_payouts",
    "order_payout",
    "pay",
    "payout",
    "payout_of",
    "phone_given",
    "reverse_payout",
]
