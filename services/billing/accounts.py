"""The names of billing's accounts in the ledger."""

from __future__ import annotations

from services.billing.models import InvoiceRow, PaymentRow
from services.identity import Party


def clearing(payment: PaymentRow) -> str:
    """What the provider owes us."""
    return f"clearing:{payment.provider}"


def fees(payment: PaymentRow) -> str:
    """What the provider has kept."""
    return f"fees:{payment.provider}"


def revenue(invoice: InvoiceRow) -> str:
    return f"revenue:{invoice.quote['product']}"


def held(payment: PaymentRow) -> str:
    """Money that waits for a decision."""
    return f"held:{payment.party}"


def wallet(party: Party | str) -> str:
    """What we owe a buyer, who may spend it here."""
    return f"wallet:{party}"
