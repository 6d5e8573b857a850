from __future__ import annotations

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from apps.threads import in_thread
from services.kit import Kit
from services.platform import migrate


async def alive(_request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def ready(request: Request) -> Response:
    """503 with what is missing: the database, its migration level, Redis."""
    missing = await in_thread(_missing, request.app.state.kit)
    return JSONResponse({"status": "not ready" if missing else "ready", **missing}, 503 if missing else 200)


def _missing(kit: Kit) -> dict[str, str]:
    missing = {}
    try:
        with kit.db.begin() as tx:
            tx.execute(text("SELECT 1"))
            here, newest = migrate.levels(tx.connection())
        if here != newest:
            missing["migrations"] = f"the database is at {here}, this release needs {newest}"
    except SQLAlchemyError as error:
        missing["database"] = type(error).__name__
    try:
        kit.redis.ping()
    except redis.RedisError as error:
        missing["redis"] = type(error).__name__
    return missing
