"""The HTTP API as data: each endpoint is declared once. Its route (calls.py) and its page of the OpenAPI document
(openapi.py) both come from here."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from apps.web.auth import ScopeMissing
from apps.web.bodies import TooLarge, WrongType
from apps.web.errors import BadRequest, status_of
from services.identity import Client
from services.kit import Kit
from services.platform.documents import BadDocument
from services.platform.errors import KioskError, NotFound, TryLater, Unauthenticated
from services.platform.idempotency import BadIdempotencyKey, IdempotencyKeyInUse, IdempotencyKeyReused

IDEMPOTENCY_KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel | None)


class Asked(BaseModel):
    """Base of what callers send: types are exact, and an unknown name is a mistake to be told of, for it may be a
    misspelt "amount"."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Answered(BaseModel):
    """Base of what they are answered."""

    model_config = ConfigDict(frozen=True)


class Nothing(Asked):
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One authenticated, well-formed call; `client` is None where everybody may call. `reference` names it for ever
    where the caller gave an Idempotency-Key; `file` is what was sent where the endpoint takes one."""

    kit: Kit
    client: Client | None
    parameters: Q
    body: B
    now: datetime
    reference: str | None = None
    file: bytes = field(default=b"", repr=False)

    @property
    def caller(self) -> Client:
        """For endpoints with a scope."""
        assert self.client is not None, "nobody comes so far without a key"
        return self.client


@dataclass(frozen=True, slots=True)
class File:
    """A body that is one file of one of these media types; `largest` is in bytes."""

    types: tuple[str, ...]
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`run` is called in a thread and returns an object of one of `answers`, which are by HTTP status; where `table` is
    a media type, an iterator of pieces of such a text instead, which are sent as they come. Without a
    `scope` everybody may call. Fields of `parameters` that `path` names are path parameters, those that `in_header`
    names come in that header, the others are query parameters. A `file` comes instead of a `body`. `errors` says which
    errors of the core mean which status here; the others keep their own. `once`: it honours an Idempotency-Key.
    `waits`: it may wait for a server of somebody else's."""

    method: str
    path: str
    name: str
    summary: str
    scope: str | None
    run: Callable[[Call[Any, Any]], Answered | Iterator[str]]
    answers: Mapping[int, type[Answered]] = field(default_factory=dict)
    table: str | None = None
    description: str = ""
    parameters: type[Asked] = Nothing
    in_header: Mapping[str, str] = field(default_factory=dict)
    body: type[Asked] | None = None
    file: File | None = None
    errors: Mapping[int, tuple[type[KioskError], ...]] = field(default_factory=dict)
    once: bool = False
    waits: bool = False

    @property
    def in_path(self) -> frozenset[str]:
        return frozenset(re.findall(r"{(\w+)}", self.path))

    @property
    def body_is_required(self) -> bool:
        return self.body is not None and any(known.is_required() for known in self.body.model_fields.values())

    def status_of(self, error: KioskError) -> int | None:
        """What this endpoint says about an error; None leaves it to the tree."""
        return next((status for status, kinds in self.errors.items() if isinstance(error, kinds)), None)

    def problems(self) -> dict[int, set[str]]:
        """Every code this endpoint may refuse with, by status."""
        kinds: list[type[KioskError]] = [TryLater, *((Unauthenticated, ScopeMissing) if self.scope else ())]
        if self.in_path:
            kinds.append(NotFound)
        if self.body or self.parameters.model_fields.keys() - self.in_path:
            kinds.append(BadRequest)
        if self.body or self.file:
            kinds += [BadDocument, TooLarge, WrongType]
        if self.once:
            kinds += [BadIdempotencyKey, IdempotencyKeyInUse, IdempotencyKeyReused]
        declared = [(status, kind) for status, kinds_here in self.errors.items() for kind in kinds_here]
        return by_status([*((status_of(kind), kind) for kind in kinds), *declared])


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address that needs no key and has a form of its own: it reads what somebody else sends (POST), or only shows
    something (GET). `answer` is the media type of what it says."""

    method: str
    path: str
    name: str
    summary: str
    serve: Callable[[Request], Awaitable[Response]]
    errors: tuple[type[KioskError], ...]
    answer: str = "text/plain"
    description: str = ""

    def problems(self) -> dict[int, set[str]]:
        return by_status([(status_of(kind), kind) for kind in self.errors])


def by_status(kinds: list[tuple[int, type[KioskError]]]) -> dict[int, set[str]]:
    """Codes of errors by HTTP status; any address may crash."""
    found: dict[int, set[str]] = {500: {"internal_error"}}
    for status, kind in kinds:
        found.setdefault(status, set()).add(kind.code)
    return found
