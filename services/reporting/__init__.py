"""What is told to operators across all rooms: what an action would do before it is done, and the state of money as
numbers."""

from services.reporting.money import last_statements, money_gauges
from services.reporting.refunds import RefundPreview, preview_refund

__all__ = ["RefundPreview", "last_statements", "money_gauges", "preview_refund"]
