"""Whom this process believes over TLS."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The public authorities, for the `verify` of every client: to read them takes 20 ms and 1 MB, and a process has a
    dozen clients. Nobody may change it."""
    return httpx.create_ssl_context(trust_env=False)
