"""A panel of 2.x."""

from __future__ import annotations

from tests.contracts import access_remnawave


class Opened(access_remnawave.Opened):
    dialect = "2"
