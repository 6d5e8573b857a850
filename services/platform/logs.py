"""Logs: one JSON object a line on stdout (or text for people), from our code and from every library.

Personal data and secrets stay out: no frame locals in tracebacks, and a mask over known keys and shapes as the
second line of defence. Context (request_id, user_id, chat_id, ...) is bound with structlog.contextvars."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

SECRET_KEYS = re.compile(
    r"token|secret|password|authorization|api_key|private|preshared|phone|email|dsn", re.IGNORECASE
)
SHAPES = (
    (re.compile(r"(?<![0-9])[0-9]{6,12}:[A-Za-z0-9_-]{30,}"), "<bot token>"),
    (re.compile(r"kiosk_[0-9]+_[A-Za-z0-9_-]{43}"), "<API key>"),
    (re.compile(r"lic_[A-Za-z0-9_-]{100,}"), "<licence key>"),
    (re.compile(r"(?<=/d/)[A-Za-z0-9_-]{16,}"), "<download>"),
    (re.compile(r"(?<=X-Amz-Signature=)[0-9a-f]{16,}"), "<signature>"),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), "<credentials>"),
    (re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])"), "<key>"),
    (re.compile(r"\+[0-9](?:[ ()-]{0,2}[0-9]){9,14}\b|(?<![\w.-])[0-9]{10,15}(?![\w-]|\.[0-9])"), "<phone>"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "<e-mail>"),
)
NOISY = ("httpx", "httpcore", "aiogram.event", "aiogram.dispatcher", "botocore", "urllib3", "dramatiq")


def set_up(*, level: str, form: str, process: str, version: str, dyno: str) -> None:
    """Routes structlog and the standard library's logging to stdout. `form` is "json" or "standard"."""
    as_json = form == "json"
    collect: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    without_locals = ExceptionDictTransformer(show_locals=False, max_frames=20)
    finish: list[structlog.types.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(without_locals) if as_json else structlog.processors.format_exc_info,
        *([_stamp(process=process, version=version, dyno=dyno)] if as_json else []),
        mask,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=[*collect, _hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=collect, processors=finish))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hides values under secret-sounding keys and secret-looking pieces of any text."""
    for key, value in event.items():
        event[key] = "<hidden>" if SECRET_KEYS.search(key) and value else _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        for shape, name in SHAPES:
            value = shape.sub(name, value)
        return value
    if isinstance(value, dict):
        return {k: "<hidden>" if SECRET_KEYS.search(str(k)) and v else _masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return value


def _hand_over(logger: Any, method: str, event: MutableMapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """structlog's wrap_for_formatter, with the exception also where the standard library has it: Sentry looks there."""
    arguments, options = structlog.stdlib.ProcessorFormatter.wrap_for_formatter(logger, method, event)
    return arguments, {**options, "exc_info": event.get("exc_info")}


def _stamp(**constants: str) -> structlog.types.Processor:
    def stamp(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.update(constants)
        return event

    return stamp
