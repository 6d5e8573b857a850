import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.sandbox.server import server
from apps.sandbox.wgportal import create_app
from tests.services.provisioning.wireguard.puppet import Puppet

TOKEN = "token of the sandbox portal, of 40 letters"


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def portal_url(tmp_path: Path) -> Iterator[str]:
    """A stand-in portal of this test's own."""
    listening = socket.create_server(("127.0.0.1", 0))
    serving = server(create_app(tmp_path / "portal", token=TOKEN), port=0)
    thread = threading.Thread(target=lambda: asyncio.run(serving.serve([listening])))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving.should_exit = True
    thread.join()
    listening.close()
