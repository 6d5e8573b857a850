"""A fleet whose servers are interfaces of a wg-portal."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from apps.sandbox import wgportal
from services.provisioning.provisioners.base import Grant
from services.provisioning.wireguard.keys import generate_keypair
from tests.contracts import access_wireguard

INTERFACES = {"pa1": "wg0", "pb1": "wg1"}


class Opened(access_wireguard.Opened):
    codes = tuple(INTERFACES)

    def lose(self, grant: Grant) -> bool:
        """Somebody deletes the peer in the portal."""
        _, key = self._where(grant)
        return self._http.request("DELETE", "/by-hand", json={"Identifier": key}).is_success

    def plant(self) -> Any:
        """A peer of the administrator's own, with a name like ours."""
        key = generate_keypair().public
        peer = {"Identifier": key, "PublicKey": key, "InterfaceIdentifier": "wg0", "PrivateKey": key}
        peer |= {"DisplayName": "k999999", "Addresses": ["10.66.3.250/32"]}
        assert self._http.request("PUT", "/by-hand", json=peer).is_success
        return key

    def foreign(self, planted: Any) -> object:
        return next((peer for peer in self._raw("pa1") if peer["Identifier"] == planted), None)

    def use(self, grant: Grant, size: int) -> None:
        _, key = self._where(grant)
        sum_ = self._used[key] = self._used.get(key, 0) + size
        row = {"PeerIdentifier": key, "BytesReceived": 0, "BytesTransmitted": sum_}
        assert self._http.post("/traffic", json=row).is_success

    def _there(self) -> Starlette:
        self._used: dict[str, int] = {}
        return wgportal.create_app(self.directory, token=access_wireguard.SECRET)

    def _server(self, code: str, url: str, secret: str) -> dict[str, Any]:
        interface = INTERFACES[code]
        given = {"kind": "portal", "portal_url": url, "portal_user": "kiosk", "portal_token": secret}
        return given | {"portal_interface": interface, "public_key": wgportal.interface_key(interface)}

    def _raw(self, code: str) -> Any:
        peers = self._http.get("/peers.json").json()["peers"]
        return [peer for peer in peers if peer["InterfaceIdentifier"] == INTERFACES[code]]

    def _peers(self, code: str) -> list[dict[str, Any]]:
        return [
            {"key": peer["Identifier"], "works": not peer["Disabled"], "secret": peer["PresharedKey"]}
            for peer in self._raw(code)
        ]
