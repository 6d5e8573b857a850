"""What an operator sets in a provider's cabinet, so that it tells us of payments."""

from __future__ import annotations

WHERE = {
    "yookassa": "in YooKassa's cabinet set the notification address to {}",
    "robokassa": "in Robokassa's cabinet set ResultURL to {}, method POST",
    "cryptopay": "in @CryptoBot (Crypto Pay, My Apps, Webhooks) set the address {}",
}


def notify_at(code: str, public_url: str | None) -> str | None:
    """None for those that send nothing over HTTP."""
    place = WHERE.get(code)
    return place.format(f"{public_url or 'PUBLIC_URL'}/webhooks/{code}") if place else None
