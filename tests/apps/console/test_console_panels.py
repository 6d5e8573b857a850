"""What the doctor finds at Remnawave panels, and what it tells to do."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

from apps.console import doctor, doctor_panels
from apps.console.findings import Trouble
from apps.sandbox.environment import panel
from tests.world import Kiosk, MakeKiosk

SQUADS = "Default-Squad"


def finding(kiosk: Kiosk, code: str = "main") -> str:
    checks = dict(doctor_panels.checks(kiosk.kit))
    try:
        return checks[f"Remnawave panel {code}"](kiosk.kit)
    except Trouble as trouble:
        return f"{trouble.says} -> {trouble.remedy}"


def test_healthy_panels_of_both_versions(make_kiosk: MakeKiosk, kiosk: Kiosk) -> None:
    further = panel(kiosk.world.url) | {"REMNAWAVE_PANELS": "old", "REMNAWAVE_OLD_URL": f"{kiosk.world.url}/panel2"}
    further |= {"REMNAWAVE_OLD_TOKEN": "sandbox-panel-token", "REMNAWAVE_OLD_SQUADS": SQUADS}
    with make_kiosk(**further) as kiosk:
        assert finding(kiosk).startswith("Remnawave 3.3.2, squads Default-Squad; set WEBHOOK_URL to ")
        assert finding(kiosk).endswith("/webhooks/remnawave/main")
        assert "Remnawave 2.x, squads Default-Squad; without REMNAWAVE_OLD_WEBHOOK_SECRET" in finding(kiosk, "old")
        assert "Remnawave panel old" in {one.what for one in doctor.examine(kiosk.kit)}


def test_a_panel_that_is_down_or_refuses(kiosk: Kiosk) -> None:
    for mode, says in (("502", "502"), ("401", "token"), ("down", "reached")):
        kiosk.post("/panel/faults", mode=mode)
        assert says in (found := finding(kiosk))
        assert "-> look at REMNAWAVE_URL, REMNAWAVE_TOKEN and REMNAWAVE_SQUADS" in found


def test_a_squad_that_is_not_there(make_kiosk: MakeKiosk, kiosk: Kiosk) -> None:
    with make_kiosk(**panel(kiosk.world.url) | {"REMNAWAVE_SQUADS": f"{SQUADS},Gone-Squad"}) as kiosk:
        assert "Gone-Squad" in finding(kiosk)


def test_a_token_that_ends_within_two_weeks(make_kiosk: MakeKiosk, kiosk: Kiosk) -> None:
    for days, is_trouble in ((13, True), (16, False)):
        claims = json.dumps({"exp": int((kiosk.now + timedelta(days=days)).timestamp())}).encode()
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", claims, b"s"))
        kiosk.post("/panel/tokens", token=token)
        with make_kiosk(**panel(kiosk.world.url) | {"REMNAWAVE_TOKEN": token}) as other:
            assert ("-> make a new API token" in finding(other)) == is_trouble
            assert token not in finding(other)
        kiosk.post("/panel/tokens", token=token, revoked=True)
