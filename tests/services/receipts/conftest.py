from __future__ import annotations

from datetime import datetime

import pytest

from services.platform.db import Database
from services.platform.storage import Storage
from tests.services.receipts.desk import Desk
from tests.world import World


@pytest.fixture
def storage(world: World) -> Storage:
    """The sandbox's S3 over HTTP."""
    return Storage(
        endpoint=f"{world.url}/storage",
        bucket="kiosk",
        access_key="sandbox",
        secret_key="sandbox-secret",
        region="us-east-1",
    )


@pytest.fixture
def desk(db: Database, storage: Storage, now: datetime) -> Desk:
    return Desk(db, storage, now)
