"""A wg-portal 2.x of the sandbox world. Source: its OpenAPI ("WireGuard Portal Public API", /api/v1) and handlers.

It plays what Kiosk's client uses: peers, metrics and interfaces, Basic authentication, the binding rules, 409 for a key
that is there, and WireGuard's own silence when an address is given twice: the later peer has it. Under /peers.json and
/routes.json stands unsigned what it holds; POST /traffic sets a peer's counters. The faults stand between."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import empty, page
from apps.sandbox.shelf import Shelf
from apps.sandbox.standing import StandingFault
from apps.sandbox.vpn import public_key

ZERO_TIME = "0001-01-01T00:00:00Z"  # as Go writes a time that never was
READ_ONLY = {"Filename"}


class Refused(Exception):
    """Answered with `status` and the portal's own kind of error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = JSONResponse({"Code": status, "Message": message}, status)


class Portal:
    """`users` are names with the API token of each and whether they are administrators."""

    def __init__(self, directory: Path, users: dict[str, tuple[str, bool]], interfaces: tuple[str, ...]) -> None:
        self._peers = Shelf(directory / "peers")
        self._traffic = Shelf(directory / "traffic")
        self._users = users
        self._interfaces = interfaces
        self.fault = StandingFault()
        self._statistics = True

    # --- the API ------------------------------------------------------------------------------------------------------

    def doing(self, what: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._api(what, request)

        return endpoint

    async def _api(self, what: str, request: Request) -> Response:
        failed = {"Code": 500, "Message": "failed to save peer: database is locked"}
        return await self.fault.meet(lambda: self._work(what, request), failed)

    async def _work(self, what: str, request: Request) -> Response:
        identifier = request.path_params.get("id", "")
        try:
            user = self._user(request)
            if what == "peer/new":
                return JSONResponse(self._create(await request.json()))
            if what == "peer/by-id" and request.method == "PUT":
                return JSONResponse(self._update(await request.json()))
            if what == "peer/by-id" and request.method == "DELETE":
                self._peers.remove(self._peer(identifier)["Identifier"])
                self._traffic.remove(identifier)
                return Response(status_code=204)
            return JSONResponse(self._get(what, identifier, user))
        except Refused as refused:
            return refused.answer

    def _user(self, request: Request) -> str:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = token = ""
        if scheme.lower() != "basic" or self._users.get(name, ("", False))[0] != token or not token:
            raise Refused(401, "invalid credentials")
        if not self._users[name][1]:
            raise Refused(403, "not enough permissions")
        return name

    def _get(self, what: str, identifier: str, user: str) -> Any:
        match what:
            case "peer/by-id":
                return self._peer(identifier)
            case "peer/by-interface":
                return [peer for peer in self._peers.documents() if peer["InterfaceIdentifier"] == identifier]
            case "interface/by-id":
                return self._interface(identifier)
            case "metrics/by-peer":
                self._collects()
                if identifier not in self._traffic:
                    raise Refused(404, f"no stats found for peer {self._peer(identifier)['Identifier']}")
                return self._traffic.get(identifier)
            case "metrics/by-user":
                self._collects()
                if identifier not in self._users:
                    raise Refused(404, "record not found")
                peers = [peer for peer in self._peers.documents() if peer["UserIdentifier"] == identifier]
                rows = [self._traffic.get(peer["Identifier"]) for peer in peers]
                return {"UserIdentifier": user, "PeerCount": len(peers), "PeerMetrics": [row for row in rows if row]}
        raise Refused(404, "not found")

    def _interface(self, identifier: str) -> dict[str, Any]:
        if identifier not in self._interfaces:
            raise Refused(404, f"unable to find interface {identifier}: record not found")
        peers = [peer for peer in self._peers.documents() if peer["InterfaceIdentifier"] == identifier]
        enabled = [peer for peer in peers if not peer["Disabled"]]
        counts = {"TotalPeers": len(peers), "EnabledPeers": len(enabled), "Disabled": False, "DisabledReason": ""}
        return {"Identifier": identifier, "Mode": "server", "PublicKey": interface_key(identifier)} | counts

    def _collects(self) -> None:
        if not self._statistics:
            raise Refused(500, "statistics collection is disabled")

    def _peer(self, identifier: str) -> dict[str, Any]:
        found = self._peers.get(identifier)
        if found is None:
            raise Refused(404, f"unable to find peer {identifier}: record not found")
        return found

    def _create(self, peer: Any) -> dict[str, Any]:
        _bind(peer)
        if peer["Identifier"] in self._peers:
            raise Refused(409, f"peer {peer['Identifier']} already exists: duplicate entry")
        return self._save(peer)

    def _update(self, peer: Any) -> dict[str, Any]:
        """The identifier in the body counts, whatever the path says."""
        _bind(peer)
        self._peer(peer["Identifier"])
        return self._save(peer)

    def _save(self, peer: dict[str, Any]) -> dict[str, Any]:
        if peer["Identifier"] != peer.get("PublicKey"):
            raise Refused(400, f"peer id mismatch: {peer['Identifier']} != {peer.get('PublicKey')}: invalid data")
        if peer["InterfaceIdentifier"] not in self._interfaces:
            raise Refused(400, "creation not allowed: invalid interface: invalid data")
        known = {"Addresses": [], "ExtraAllowedIPs": [], "DisplayName": "", "Notes": "", "UserIdentifier": ""}
        kept: dict[str, Any] = (
            known | {"PresharedKey": "", "Disabled": False, "DisabledReason": "", "Mode": "client"} | peer
        )
        kept = {name: value for name, value in kept.items() if name not in READ_ONLY}
        kept["saved"] = 1 + max((other.get("saved", 0) for other in self._peers.documents()), default=0)
        self._peers.put(kept["Identifier"], kept)
        return kept

    # --- what a test or a person looks at, and breaks -----------------------------------------------------------------

    async def peers(self, request: Request) -> Response:
        return JSONResponse({"peers": self._peers.documents()})

    async def routes(self, request: Request) -> Response:
        """Which key really gets the packets of an address: of peers that share one, the last that was saved."""
        owners: dict[str, str] = {}
        for peer in sorted(self._peers.documents(), key=lambda peer: peer["saved"]):
            for address in [] if peer["Disabled"] else peer["Addresses"]:
                host = ip_interface(address).ip
                owners[f"{host}/{host.max_prefixlen}"] = peer["Identifier"]
        return JSONResponse(owners)

    async def by_hand(self, request: Request) -> Response:
        """Somebody works in the portal: PUT saves a peer as it is, DELETE takes it away."""
        peer = await request.json()
        if request.method == "DELETE":
            self._peers.remove(peer["Identifier"])
            return JSONResponse({})
        return JSONResponse(self._save({**(self._peers.get(peer["Identifier"]) or {}), **peer}))

    async def traffic(self, request: Request) -> Response:
        row = await request.json()
        known = {"BytesReceived": 0, "BytesTransmitted": 0, "LastHandshake": ZERO_TIME, "Endpoint": ""} | row
        self._traffic.put(row["PeerIdentifier"], known)
        return JSONResponse(known)

    async def statistics(self, request: Request) -> Response:
        """{"on": false}: the portal is set up to collect none."""
        self._statistics = (await request.json())["on"]
        return JSONResponse({"on": self._statistics})

    async def index(self, request: Request) -> Response:
        rows = "".join(
            f"<tr><td>{peer['InterfaceIdentifier']}</td><td>{peer['DisplayName']}</td>"
            f"<td>{', '.join(peer['Addresses'])}</td><td>{peer['DisabledReason'] or 'on'}</td></tr>"
            for peer in self._peers.documents()
        )
        table = f"<table><tr><th>Interface</th><th>Peer</th><th>Addresses</th><th>State</th></tr>{rows}</table>"
        return page("WireGuard Portal", table if rows else empty("No peers yet."))


def interface_key(identifier: str) -> str:
    return public_key(f"portal {identifier}")


def _bind(peer: Any) -> None:
    """The portal's validation of a body, as far as it has a say in what Kiosk sends."""
    if not isinstance(peer, dict):
        raise Refused(400, "json: cannot unmarshal into Go value of type models.Peer")
    for name, length in (("Identifier", 44), ("PrivateKey", 44), ("InterfaceIdentifier", None)):
        text = peer.get(name)
        if not isinstance(text, str) or not text or (length and len(text) != length):
            raise Refused(400, f"Key: 'Peer.{name}' Error:Field validation for '{name}' failed")
    if peer.get("Disabled") and not peer.get("DisabledReason"):
        raise Refused(400, "Key: 'Peer.DisabledReason' Error:Field validation failed on the 'required_if' tag")
    if peer.get("ExpiresAt") and not re.fullmatch(r"\d{4}-\d\d-\d\d", peer["ExpiresAt"]):
        raise Refused(400, "Key: 'Peer.ExpiresAt' Error:Field validation failed on the 'datetime' tag")
    if len(peer.get("DisplayName", "")) > 64:
        raise Refused(400, "Key: 'Peer.DisplayName' Error:Field validation failed on the 'max' tag")


def create_app(directory: Path, *, token: str, interfaces: tuple[str, ...] = ("wg0", "wg1")) -> Starlette:
    """`token` belongs to the administrator "kiosk"; "viewer" has the same and may change nothing."""
    portal = Portal(directory, {"kiosk": (token, True), "viewer": (token, False)}, interfaces)
    api = {
        "/api/v1/peer/new": ("peer/new", ["POST"]),
        "/api/v1/peer/by-id/{id:path}": ("peer/by-id", ["GET", "PUT", "DELETE"]),
        "/api/v1/peer/by-interface/{id:path}": ("peer/by-interface", ["GET"]),
        "/api/v1/interface/by-id/{id:path}": ("interface/by-id", ["GET"]),
        "/api/v1/metrics/by-peer/{id:path}": ("metrics/by-peer", ["GET"]),
        "/api/v1/metrics/by-user/{id:path}": ("metrics/by-user", ["GET"]),
    }
    return Starlette(
        routes=[
            Route("/", portal.index),
            Route("/faults", portal.fault.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/peers.json", portal.peers),
            Route("/routes.json", portal.routes),
            Route("/by-hand", portal.by_hand, methods=["PUT", "DELETE"]),
            Route("/traffic", portal.traffic, methods=["POST"]),
            Route("/statistics", portal.statistics, methods=["POST"]),
            *(Route(path, portal.doing(what), methods=methods) for path, (what, methods) in api.items()),
        ]
    )
