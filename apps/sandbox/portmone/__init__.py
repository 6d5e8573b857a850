"""A Portmone which never touches real money: PortmoneDirect's bills.create as far as its contract is known, callbacks,
faults on order, and the phones that were topped up.

As at Portmone there is no idempotency key: who calls twice pays twice, and the page shows it."""

from apps.sandbox.portmone.app import create_app

__all__ = ["create_app"]
