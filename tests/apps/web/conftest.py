from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apps.web.api_caller import Api, calling
from tests.world import Kiosk


@pytest.fixture
def api(kiosk: Kiosk) -> Iterator[Api]:
    """A client that may everything, of a Kiosk in the sandbox world."""
    with calling(kiosk.kit) as api:
        yield api
