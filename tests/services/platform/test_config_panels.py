from __future__ import annotations

import pytest

from services.platform.config import BadConfiguration, load

GOOD = {
    "DATABASE_URL": "postgres://u:p@db.example.net:5432/kiosk",
    "REDIS_URL": "redis://cache.example.net:6379",
    "TELEGRAM_BOT_TOKEN": "42:token",
    "YOOKASSA_SHOP_ID": "100500",
    "YOOKASSA_SECRET_KEY": "live_key",
    "ENCRYPTION_SECRET": "0123456789abcdef",
}
SECRET = "hunter2hunter2hunter2hunter2hunter2"
PANEL = {"REMNAWAVE_URL": "https://panel.example.net/", "REMNAWAVE_TOKEN": SECRET, "REMNAWAVE_SQUADS": "Default, EU"}
FIN = {f"REMNAWAVE_FIN_{name.removeprefix('REMNAWAVE_')}": value for name, value in PANEL.items()}


def faults(**changes: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        load({**GOOD, **changes})
    assert "hunter2" not in str(caught.value)
    return caught.value.faults


def names(**changes: str) -> set[str]:
    return {line.split(":")[0] for line in faults(**changes)}


def test_no_panel_is_the_rule() -> None:
    assert load(GOOD).remnawave_panels == ()


def test_one_panel_and_further_ones() -> None:
    further = {"REMNAWAVE_PANELS": "fin, ", "REMNAWAVE_FIN_WEBHOOK_SECRET": f"{SECRET}, {SECRET}2"}
    main, fin = load({**GOOD, **PANEL, **FIN, **further, "REMNAWAVE_API_KEY": "caddy"}).remnawave_panels
    assert (main.code, main.url, main.squads) == ("main", "https://panel.example.net", ("Default", "EU"))
    assert [key.get_secret_value() for key in (main.api_key, *main.webhook_secret) if key] == ["caddy"]
    assert (fin.code, fin.api_key) == ("fin", None)
    assert [key.get_secret_value() for key in fin.webhook_secret] == [SECRET, f"{SECRET}2"]


def test_further_panels_do_without_a_first_one() -> None:
    assert [panel.code for panel in load({**GOOD, **FIN, "REMNAWAVE_PANELS": "fin"}).remnawave_panels] == ["fin"]


def test_a_panel_without_squads_is_refused_in_plain_words() -> None:
    for empty in ("", " , "):
        assert faults(**(PANEL | {"REMNAWAVE_SQUADS": empty})) == [
            "REMNAWAVE_SQUADS: missing (squads by name or uuid: a user without squads has a link and no servers)"
        ]


def test_all_that_is_missing_is_named_at_once() -> None:
    assert names(REMNAWAVE_API_KEY="x", REMNAWAVE_PANELS="fin") == {
        *("REMNAWAVE_URL", "REMNAWAVE_TOKEN", "REMNAWAVE_SQUADS"),
        *("REMNAWAVE_FIN_URL", "REMNAWAVE_FIN_TOKEN", "REMNAWAVE_FIN_SQUADS"),
    }


@pytest.mark.parametrize("code", ["FIN", "f", "fi-n", "main"])
def test_codes_that_are_none(code: str) -> None:
    assert names(**PANEL, REMNAWAVE_PANELS=code) == {"REMNAWAVE_PANELS"}


@pytest.mark.parametrize(
    "url", ["http://remnawave:3000", "http://10.0.0.5:3000", "http://panel.internal", "http://[::1]"]
)
def test_plain_http_inside_a_private_network(url: str) -> None:
    assert load({**GOOD, **PANEL, "REMNAWAVE_URL": url}).remnawave_panels[0].url == url


@pytest.mark.parametrize(
    "url", ["http://panel.example.net", "http://8.8.8.8", "ftp://panel", "panel", f"https://u:{SECRET}@h", "https://[x"]
)
def test_a_token_never_travels_in_the_open(url: str) -> None:
    assert names(**(PANEL | {"REMNAWAVE_URL": url})) == {"REMNAWAVE_URL"}


def test_secrets_of_webhooks_are_as_long_as_the_panel_wants() -> None:
    assert names(**PANEL, REMNAWAVE_WEBHOOK_SECRET=f"{SECRET},hunter2") == {"REMNAWAVE_WEBHOOK_SECRET"}


def test_no_secret_of_a_panel_is_shown() -> None:
    settings = load({**GOOD, **PANEL, "REMNAWAVE_WEBHOOK_SECRET": SECRET, "REMNAWAVE_API_KEY": SECRET})
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in shown
