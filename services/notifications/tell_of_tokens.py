"""Who is told what of tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services import subscriptions, wallet
from services.notifications.tell import tell


def tell_tokens_credited(tx: Session, event: wallet.TokensCredited, now: datetime) -> None:
    params = {
        "tokens": event.tokens,
        "product": event.product,
        "fee": event.fee,
        "fee_missing": event.fee_missing,
    }
    tell(tx, event.party, "tokens_credited", f"tokens:invoice:{event.invoice_id}", params, now)


def tell_balance_adjusted(tx: Session, event: wallet.BalanceAdjusted, now: datetime) -> None:
    about = f"tokens_adjusted:{event.party}:{event.reference}"
    tell(tx, event.party, "tokens_adjusted", about, {"tokens": event.tokens}, now)


def tell_balance_low(tx: Session, event: wallet.BalanceLow, now: datetime) -> None:
    about = f"tokens_low:{event.party}:{event.threshold}:{event.reference}"
    tell(tx, event.party, "tokens_low", about, {"left": event.left}, now)


def tell_fee_charged(tx: Session, event: wallet.FeeCharged, now: datetime) -> None:
    """Not where a new end of the access tells it."""
    if subscriptions.subscription(tx, event.subscription_id).terms.access:
        return
    params = {"subscription_id": event.subscription_id, "fee": event.fee}
    about = f"fee_charged:{event.subscription_id}:{event.ended_at.isoformat()}"
    tell(tx, event.party, "fee_charged", about, params, now)


def tell_fee_missed(tx: Session, event: wallet.FeeMissed, now: datetime) -> None:
    params = {"subscription_id": event.subscription_id, "fee": event.fee}
    about = f"fee_missed:{event.subscription_id}:{event.ends_at.isoformat()}"
    tell(tx, event.party, "fee_missed", about, params, now)
