from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.provisioning.provisioners.base import Provisioner
from services.provisioning.provisioners.text import Text
from tests.contracts.shown_side import ShownSide


class Opened(ShownSide):
    kind = "text"
    claims = Text.capabilities

    def made(self) -> Provisioner:
        return Text()

    def options(self) -> Mapping[str, Any]:
        return {"text": {"en": "The word is swordfish", "ru": "Слово: рыба-меч", "uk": "Слово: риба-меч"}}
