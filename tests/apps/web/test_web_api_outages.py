"""A provider that hangs keeps only those waiting who asked for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.apps.web.api_caller import Api
from tests.world import Kiosk, wait_for

CREATE = "/api/v1/payments/create"


def test_others_are_served_while_a_provider_hangs(api: Api, kiosk: Kiosk) -> None:
    anna, boris = kiosk.person(), kiosk.person("Борис")
    known = api.post(CREATE, {"user_id": anna.party.id, "tariff": "vpn-1m"}).json()
    kiosk.post("/yookassa/faults", mode="hang", method="POST", delay=3)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(api.post, CREATE, {"user_id": boris.party.id, "tariff": "vpn-1m"}, once="1")
        wait_for(lambda: kiosk.http.get("/yookassa/faults").json() == {"faults": []})
        assert api.http.get("/health").status_code == 200
        assert api.http.get("/ready").status_code == 200
        assert api.get(f"/api/v1/payments/{known['payment_id']}").status_code == 200
        assert api.post(CREATE, {"user_id": boris.party.id, "tariff": "vpn-1m"}, once="1").status_code == 409
        assert not hanging.done()
    assert hanging.result().status_code == 201, "asked again with the same key, the provider answers"
