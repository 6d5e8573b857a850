"""How to find out what became of an attempt, by what its provider can do."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.billing.models import PaymentRow
from services.billing.providers.base import Capability, Outcome, PaymentProvider, Snapshot, Unknown
from services.platform.errors import Misconfigured, TryLater

KEY_LIFE = timedelta(hours=23)  # providers promise 24
LIST_LAG = timedelta(minutes=30)  # a creation that no list shows by then did not happen
CLOCKS_DIFFER = timedelta(minutes=5)


def ask(provider: PaymentProvider, attempt: PaymentRow, now: datetime, *, may_send: bool = True) -> Outcome | None:
    """The provider's answer about an attempt: fetched by its id, had again by the same key (unless it must not be sent
    any more), or looked up in the list of its time. None when there is no way to ask, or nothing of it is there. Never
    makes a second payment."""
    able = provider.capabilities
    if attempt.external_id is not None and Capability.FETCH in able:
        return provider.fetch(attempt.external_id)
    unanswered = attempt.external_id is None and attempt.state in ("sending", "unknown")
    same_key = Capability.SAME_KEY in able and now - attempt.created_at < KEY_LIFE
    if unanswered and may_send and (same_key or Capability.LINK in able):
        return provider.create(attempt.request, attempt.key)
    return _listed(provider, attempt, now) if Capability.LIST in able else None


def is_hopeless(provider: PaymentProvider, attempt: PaymentRow, now: datetime) -> bool:
    """Nobody ever saw this attempt's page, and nothing can tell of it any more."""
    patience = KEY_LIFE if Capability.SAME_KEY in provider.capabilities else LIST_LAG
    return attempt.external_id is None and attempt.pay_url is None and now - attempt.created_at >= patience


def _listed(provider: PaymentProvider, attempt: PaymentRow, now: datetime) -> Outcome | None:
    try:
        operations = provider.operations(attempt.created_at - CLOCKS_DIFFER, now + CLOCKS_DIFFER)
    except (TryLater, Misconfigured) as error:
        return Unknown(str(error))
    for operation in operations:
        if isinstance(operation, Snapshot) and not operation.renewal and _is(attempt, operation):
            return operation
    return None


def _is(attempt: PaymentRow, operation: Snapshot) -> bool:
    if attempt.external_id is not None:
        return operation.external_id == attempt.external_id
    return operation.key == str(attempt.wire_key or attempt.key)
