"""A Crypto Pay which never touches real coins: its API, a pay page, signed updates and faults on order.

State is on disk, time is the sandbox's clock, and requests are checked by strict rules: what passes here was said
properly. It signs by itself, knowing nothing of Kiosk. `create_app` is all there is.
"""

from apps.sandbox.cryptopay.app import create_app

__all__ = ["create_app"]
