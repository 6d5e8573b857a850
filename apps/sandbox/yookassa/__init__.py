"""A YooKassa which never touches real money: its API v3, a pay page, notifications and faults on order.

State is on disk, time is the sandbox's clock, and requests are checked by strict rules: what passes here was said
properly. `create_app` is all there is.
"""

from apps.sandbox.yookassa.app import create_app

__all__ = ["create_app"]
