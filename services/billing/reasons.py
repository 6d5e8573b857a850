"""Why a remembered card was not charged, and whether another try can help. The list is open: a word we do not know is
not worth a second try without its owner (source: YooKassa, cancellation_details.reason)."""

from __future__ import annotations

TRY_LATER = frozenset(
    {
        "call_issuer",
        "general_decline",
        "insufficient_balance",
        "insufficient_funds",
        "internal_timeout",
        "issuer_unavailable",
        "no_answer",
        "payment_method_limit_exceeded",
        "rejected_by_timeout",
    }
)


def can_be_tried_again(reason: str) -> bool:
    """False: the owner has to act first."""
    return reason in TRY_LATER
