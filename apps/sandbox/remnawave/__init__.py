"""A Remnawave panel without a single server behind it: its API of 2.x and of 3.x, subscription pages and webhooks.

State is on disk, time is the sandbox's clock, and requests are checked by strict rules: what passes here was said
properly. `create_app` is all there is; `SQUADS`, `TOKEN` and `WEBHOOK_SECRET` are what it is set up with.
"""

from apps.sandbox.remnawave.app import create_app
from apps.sandbox.remnawave.settings import SQUADS, TOKEN, WEBHOOK_SECRET

__all__ = ["SQUADS", "TOKEN", "WEBHOOK_SECRET", "create_app"]
