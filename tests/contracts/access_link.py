from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.provisioning.provisioners.base import Provisioner
from services.provisioning.provisioners.link import Link
from tests.contracts.shown_side import ShownSide


class Opened(ShownSide):
    kind = "link"
    claims = Link.capabilities

    def made(self) -> Provisioner:
        return Link()

    def options(self) -> Mapping[str, Any]:
        return {"url": "https://example.org/course"}
