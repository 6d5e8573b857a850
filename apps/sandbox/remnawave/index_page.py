"""The panel as a person sees it: users, squads, webhooks and faults on one page."""

import json
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox.pages import empty, page
from apps.sandbox.remnawave.api import Api
from apps.sandbox.remnawave.devices import limit
from apps.sandbox.remnawave.faults import MODES
from apps.sandbox.remnawave.panel import Panel
from apps.sandbox.remnawave.settings import MAILINGS
from apps.sandbox.remnawave.subscription import pretty
from apps.sandbox.remnawave.users import User
from apps.sandbox.remnawave.webhooks import Courier

SHOWN = 50  # of each kind
GIB = 1024**3
_STYLE = """<style>
.person + .person { border-top: 1px solid var(--line); }
.person { padding: .7rem 0; }
.person h3 { display: flex; gap: .6rem; align-items: baseline; margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.person h3 .chip { margin-left: auto; }
.person p { margin: .1rem 0 .4rem; overflow-wrap: anywhere; }
.person .switches { margin: 0; }
.chip.active { background: var(--good-back); color: var(--good); }
.chip.expired, .chip.disabled, .chip.lost { background: var(--bad-back); color: var(--bad); }
.chip.limited, .chip.held { background: var(--wait-back); color: var(--wait); }
</style>"""


def routes(panel: Panel, api: Api, courier: Courier) -> list[Route]:
    async def index(request: Request) -> Response:
        api.catch_up()
        settings = panel.settings
        about = f"Version {settings.version}, in {settings.zone}. {len(panel.users)} users."
        body = (
            _STYLE
            + _section("Users", f"<p>{escape(about)}</p>" + _users(panel))
            + _section("Squads", _squads(panel))
            + _section("Webhooks", _webhooks(panel, courier))
            + _section("Faults", _faults(api))
            + _section("Refused requests", _rows(map(_problem, reversed(api.problems)), "None: the shop asks well."))
        )
        return page("VPN panel", body)

    return [Route("/", index)]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _rows(rows: Any, nothing: str) -> str:
    inside = "".join(rows)
    return f'<ul class="rows">{inside}</ul>' if inside else empty(nothing)


def _row(lead: str, text: str, chip: str, when: str = "") -> str:
    """One line of a list; `chip` is a state, which also names its colour."""
    time = f"<time>{_clock(when)}</time>" if when else ""
    return (
        f'<li><div class="row"><b>{escape(lead)}</b><span class="text">{escape(text)}</span>'
        f'<span class="chip {escape(chip.lower())}">{escape(chip)}</span>{time}</div></li>'
    )


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%d.%m %H:%M:%S}"


def _button(text: str, path: str, order: Any = None, *, method: str = "POST", pressed: bool = False) -> str:
    return (
        f'<button type="button" data-send="{escape(path)}" data-method="{method}" data-json="'
        f'{escape(json.dumps(order or {}))}" aria-pressed="{"true" if pressed else "false"}">{escape(text)}</button>'
    )


def _users(panel: Panel) -> str:
    people = "".join(_person(panel, user) for user in panel.users.page(0, SHOWN))
    return people or empty("No user yet.")


def _person(panel: Panel, user: User) -> str:
    used, most = pretty(user["traffic"]["usedTrafficBytes"]), user["trafficLimitBytes"]
    traffic = f"{used} of {pretty(most)}, {user['trafficLimitStrategy'].lower()}" if most else f"{used}, no limit"
    places = limit(user, panel.settings)
    devices = f"{len(user['devices'])} of {'any' if places is None else places} devices"
    squads = ", ".join(panel.squads.name(uuid) for uuid in user["squads"]) or "no squads"
    ends = f"until {datetime.fromisoformat(user['expireAt']):%d.%m.%Y %H:%M:%S} UTC"
    path, status = f"users/{user['username']}", str(user["status"])
    other = ("enable", "Enable") if status != "ACTIVE" else ("disable", "Disable")
    hwid = f"device-{len(user['devices']) + 1:09}"
    buttons = (
        _button("+1 GiB", f"{path}/traffic", {"bytes": GIB})
        + _button("+1 device", f"{path}/devices", {"hwid": hwid, "platform": "Android"})
        + _button(other[1], f"{path}/{other[0]}")
        + _button("Delete", path, method="DELETE")
    )
    link = escape(panel.shapes.subscription_url(user))
    return (
        f'<div class="person"><h3><a href="{link}/info">{escape(user["username"])}</a>'
        f'<span class="chip {status.lower()}">{status}</span></h3>'
        f"<p>{escape(' · '.join((ends, traffic, devices, squads)))}</p>"
        f'<div class="switches">{buttons}</div></div>'
    )


def _squads(panel: Panel) -> str:
    shown = panel.shapes.squads(panel.users)["internalSquads"]
    lines = (_row(squad["name"], squad["uuid"], f"members: {squad['info']['membersCount']}") for squad in shown)
    removes = "".join(_button(f"Remove {squad['name']}", f"squads/{squad['uuid']}", method="DELETE") for squad in shown)
    return _rows(lines, "No squads are left.") + f'<div class="switches">{removes}</div>'


def _webhooks(panel: Panel, courier: Courier) -> str:
    settings = panel.settings
    switches = "".join(
        _button(name, "settings", {"webhooks": name}, pressed=name == settings.webhooks) for name in MAILINGS
    )
    lines = (
        _row(one["event"], _attempts(one), one["state"], one["created_at"])
        for one in list(reversed(courier.deliveries))[:SHOWN]
    )
    where = escape(", ".join(settings.webhook_urls) or "nowhere")
    release = _button("release what is held", "webhooks/release")
    return f'<p>They go to <code>{where}</code></p><div class="switches">{switches}{release}</div>' + _rows(
        lines, "Nothing was sent yet."
    )


def _attempts(delivery: dict[str, Any]) -> str:
    answers = [str(attempt["status"] or attempt["error"]) for attempt in delivery["attempts"]]
    return ", ".join(answers) or "not sent yet"


def _faults(api: Api) -> str:
    ordered = api.faults.ordered
    state = f"Now: {MODES[ordered.mode]}." if ordered else "The panel answers as it should."
    times = f" For {ordered.times} more requests." if ordered and ordered.times else ""
    end = _button("back to normal", "faults", method="DELETE") if ordered else ""
    buttons = "".join(
        f'<button type="button" data-send="faults" data-json="{escape(json.dumps({"mode": mode}))}"'
        f' aria-pressed="{"true" if ordered and ordered.mode == mode else "false"}">'
        f"{mode.replace('_', ' ')}<small>{escape(meaning)}</small></button>"
        for mode, meaning in MODES.items()
    )
    return f'<p>{state}{times}</p>{end}<div class="faults">{buttons}</div>'


def _problem(problem: dict[str, Any]) -> str:
    told = problem["problem"]
    if isinstance(told, dict):
        issues = "; ".join(f"{'.'.join(map(str, one['path']))} {one['message']}" for one in told.get("errors", ()))
        told = issues or f"{told.get('errorCode', '')} {told['message']}".strip()
    return _row(f"{problem['method']} {problem['path']}", str(told), str(problem["status"] or "cut off"), problem["at"])
