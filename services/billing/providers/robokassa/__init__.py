"""Robokassa: its pay page, signed notices, the state of an operation, repeated charges and refunds.

Source: docs.robokassa.ru as of 2026 (pay interface, notifications, XML interfaces, recurring payments, fiscalization,
refund API). `Robokassa` is all there is."""

from services.billing.providers.robokassa.adapter import Robokassa

__all__ = ["Robokassa"]
