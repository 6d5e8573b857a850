"""A Bot API that answers everything at once: `python -m bench.bot_api PORT`. It stands in for Telegram where the cost
of our side of a call is measured."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MESSAGE = b'{"ok":true,"result":{"message_id":2,"date":1,"chat":{"id":7,"type":"private","first_name":"A"},"text":"t"}}'
TRUE = b'{"ok":true,"result":true}'


async def answer(request: Request) -> Response:
    """Messages for the methods that return one, True for the others."""
    returns_message = request.path_params["method"] in ("sendMessage", "editMessageText")
    return Response(MESSAGE if returns_message else TRUE, media_type="application/json")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/bot{token}/{method}", answer, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
