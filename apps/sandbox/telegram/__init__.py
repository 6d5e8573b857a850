"""A stand-in Telegram for development and tests: a Bot API server (Bot API 10.3) and a chat page in the browser.

Mounted anywhere, it answers bots at `bot{token}/{method}`, people at `chat` and at invoice links (`$slug`), and tests
at `chat/api`, `faults`, `log` and `problems`. It refuses what Telegram refuses, and remembers every bad request a bot
has made.
"""

from apps.sandbox.telegram.app import create_app

__all__ = ["create_app"]
