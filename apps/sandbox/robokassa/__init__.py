"""A Robokassa which never touches real money: its pay page, signed notices, OpStateExt, repeated charges, refunds and
faults on order.

State is on disk, time is the sandbox's clock, and requests are checked by strict rules: what passes here was said
properly. `create_app` is all there is.
"""

from apps.sandbox.robokassa.app import create_app

__all__ = ["create_app"]
