"""Access on a Remnawave panel: grants applied by one process over HTTP, and ten thousand of them held against it.

The panel is the sandbox's, version 3, in a process of its own on the same cores. The ceiling of applying is one bare
HTTP call that makes a user; that of comparing is reading the list of everybody without looking at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from bench.access import APPLIED, COMPARED, DIFFERENT, NOW, apply_all, fill
from bench.rig import Cost, Rig, rig, stopwatch, table
from bench.sweeps import peak_mb
from services import provisioning
from services.kit import Kit
from services.platform.tls import trusted
from services.provisioning.grants import read_all
from services.provisioning.models import AccessGrantRow
from services.provisioning.remnawave import desired
from services.provisioning.remnawave.marks import Marks, username

ON_PANEL = "UPDATE access_grants SET good = 'remnawave', kind = 'remnawave'"
HELD = "UPDATE access_grants SET held = 'active', applied_revision = revision, place = 'main'"


class Panel:
    """The stand-in, spoken to past Kiosk."""

    def __init__(self, stand: Rig, kit: Kit) -> None:
        (config,) = kit.settings.remnawave_panels
        self.http = httpx.Client(base_url=f"{stand.world_url}/panel", timeout=60, verify=trusted(), trust_env=False)
        self.api = httpx.Client(
            base_url=f"{stand.world_url}/panel/api",
            headers={
                "Authorization": f"Bearer {config.token.get_secret_value()}",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "127.0.0.1",
            },
            timeout=60,
            verify=trusted(),
            trust_env=False,
        )

    def ask(self, method: str, path: str, **content: Any) -> Any:
        answer = self.api.request(method, path, **content)
        answer.raise_for_status()
        return answer.json()["response"]

    def requests(self) -> int:
        return len(self.http.get("/log").json()["requests"])

    def make(self, users: Sequence[dict[str, Any]]) -> None:
        self.http.post("/fill", json={"users": list(users)}).raise_for_status()


def on_panel(kit: Kit, count: int) -> list[int]:
    ids = fill(kit.db, count)
    with kit.db.listen_connection() as connection:
        connection.execute(ON_PANEL)
        connection.execute("VACUUM ANALYZE access_grants")
    return ids


def applied(panel: Panel, kit: Kit) -> list[tuple[str, Cost]]:
    ids, until = on_panel(kit, APPLIED), (NOW + timedelta(days=30)).isoformat()
    with stopwatch(APPLIED) as ceiling:
        for number in range(APPLIED):
            panel.ask("POST", "/users", json={"username": f"bare-{number}", "expireAt": until})
    return [("one bare call (ceiling)", ceiling), ("Kiosk", apply_all(kit, kit.provisioners, ids, NOW))]


def held(panel: Panel, kit: Kit) -> None:
    """All of COMPARED are there, as Kiosk wants them."""
    on_panel(kit, COMPARED)
    usual = kit.settings.remnawave_panels[0].squads
    known = panel.ask("GET", "/internal-squads")["internalSquads"]
    squads = [squad["uuid"] for squad in known if squad["name"] in usual]
    tag = Marks(kit.cipher).tag
    with kit.db.begin() as tx:
        grants = read_all(tx, tx.scalars(select(AccessGrantRow)).all()).values()
        users = [
            {
                "username": username(grant.key),
                "expireAt": grant.ends_at.isoformat(),
                **desired.fields_of(grant, squads, tag),
            }
            for grant in grants
        ]
    panel.make(users)
    with kit.db.listen_connection() as connection:
        connection.execute(HELD)
        connection.execute("VACUUM ANALYZE access_grants")


def compared(panel: Panel, kit: Kit) -> list[tuple[str, Cost, int, int]]:
    """(what, cost, requests to the panel, repairs)"""
    held(panel, kit)
    with stopwatch(COMPARED) as ceiling:
        cursor, pages = None, 0
        while pages == 0 or cursor:
            page = panel.ask("GET", "/users/stream", params={"size": 1000} | ({"cursor": cursor} if cursor else {}))
            cursor, pages = page["nextCursor"], pages + 1
    rows = [("its list, unread (ceiling)", ceiling, pages, 0)]
    provisioner = kit.provisioners["remnawave"]
    provisioner.survey_size = COMPARED
    for what, different in (("nothing differs", 0), (f"{DIFFERENT} ends differ", DIFFERENT)):
        later = (NOW + timedelta(days=40)).isoformat()
        with kit.db.begin() as tx:
            some = tx.scalars(select(AccessGrantRow.id).order_by(AccessGrantRow.id).limit(different)).all()
        for number in some:
            panel.ask("PATCH", "/users", json={"username": username(f"k{number}"), "expireAt": later})
        before, at = panel.requests(), NOW + timedelta(hours=len(rows))
        with stopwatch(COMPARED) as cost:
            looked = provisioning.look_at_place(kit.db, provisioner, "main", at)
        if (looked.seen, looked.repaired) != (COMPARED, different):
            raise SystemExit(f"{looked} is not what was to be found")
        rows.append((what, cost, panel.requests() - before, looked.repaired))
    return rows


def main() -> None:
    with rig() as stand, stand.world(), stand.kit("jobs") as kit:
        panel = Panel(stand, kit)
        given = applied(panel, kit)
        panel.http.post("/reset").raise_for_status()
        before = peak_mb()
        looked = compared(panel, kit)
        grown = peak_mb() - before
    first = given[0][1]
    table(
        ("Grants applied on a panel, 1 thread", "rate", "× ceiling", "CPU each"),
        [
            (what, f"{cost.per_second:,.0f}/s", f"{cost.per_second / first.per_second:.2f}", f"{cost.cpu_us:,.0f} µs")
            for what, cost in given
        ],
    )
    table(
        (f"{COMPARED:,} grants held against a panel", "time", "× ceiling", "CPU", "requests", "repairs"),
        [
            (what, f"{cost.wall:.2f} s", f"{cost.wall / looked[0][1].wall:.1f}", f"{cost.cpu:.2f} s", *map(str, more))
            for what, cost, *more in looked
        ],
    )
    print(f"Memory grew by {grown:.0f} MB.\n")


if __name__ == "__main__":
    main()
