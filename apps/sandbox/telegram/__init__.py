"""A stand-in Telegram for development and tests: a Bot API server (Bot API 10.3) and a chat page in the browser.

Mounted anywhere, it answers bots at `bot{token}/{method}`, people at `chat`, at invoice links (`$slug`) and at invite
links (`+hash`), and tests at `chat/api`, `faults`, `log` and `problems`. It refuses what Telegram refuses, and
remembers every bad request a bot has made.
"""

from apps.sandbox.telegram.app import create_app

PRIVATE_CHANNEL = -1_002_045_600_001  # the first channel of a new world

__all__ = ["PRIVATE_CHANNEL", "create_app"]
