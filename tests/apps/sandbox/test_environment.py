"""What bin/dev tells the processes: the sandbox's values, until a person sets their own."""

from pathlib import Path

import pytest

from apps.sandbox.environment import environment, given, needs_postgres, needs_redis, parts, without_settings
from apps.sandbox.stack import Stack
from services.platform.clock import Clock
from services.platform.config import load


def env(tmp_path: Path, **own: str) -> dict[str, str]:
    return environment(
        own,
        stack=Stack(tmp_path),
        world_url="http://127.0.0.1:8090",
        world_directory=tmp_path / "world",
        port=5000,
        encryption_secret="0123456789abcdef",
        vpn_keys={"de1": "A" * 43 + "=", "nl1": "B" * 43 + "="},
    )


def test_with_nothing_set_it_is_complete_and_leads_to_the_sandbox(tmp_path: Path) -> None:
    settings = load(env(tmp_path))
    assert (settings.app_env, settings.port, settings.public_url) == ("dev", 5000, "http://127.0.0.1:5000")
    assert settings.telegram_api_url == settings.telegram_link_url == "http://127.0.0.1:8090/telegram"
    assert settings.yookassa_api_url == "http://127.0.0.1:8090/yookassa/v3"
    assert settings.storage_endpoint == "http://127.0.0.1:8090/storage"
    assert [server.agent_url for server in settings.vpn_servers] == [
        "http://127.0.0.1:8090/vpn/de1",
        "http://127.0.0.1:8090/vpn/nl1",
    ]
    offset = tmp_path / "world" / "clock" / "offset"
    offset.parent.mkdir(parents=True)
    offset.write_text("3600000")
    assert (Clock(settings.clock_url).now() - Clock().now()).days == 41


@pytest.mark.parametrize(
    ("part", "own", "gone"),
    [
        ("telegram", {"TELEGRAM_BOT_TOKEN": "7:real"}, {"TELEGRAM_API_URL", "TELEGRAM_LINK_URL"}),
        ("yookassa", {"YOOKASSA_SHOP_ID": "1", "YOOKASSA_SECRET_KEY": "test_x"}, {"YOOKASSA_API_URL"}),
        ("storage", {"STORAGE_ENDPOINT": "https://s3.example.net"}, {"STORAGE_BUCKET", "STORAGE_SECRET_KEY"}),
        ("vpn", {"VPN_SERVERS": "fi1"}, {"VPN_DE1_AGENT_URL", "VPN_NL1_PUBLIC_KEY"}),
        ("panel", {"REMNAWAVE_URL": "https://panel.example.net"}, {"REMNAWAVE_TOKEN", "REMNAWAVE_WEBHOOK_SECRET"}),
        ("portmone", {"PORTMONE_LOGIN": "own"}, {"PORTMONE_API_BASE", "PORTMONE_PASSWORD", "PORTMONE_WEBHOOK_TOKEN"}),
        ("clock", {"CLOCK_URL": "file:///elsewhere"}, set()),
    ],
)
def test_a_part_gives_way_to_the_real_thing(tmp_path: Path, part: str, own: dict[str, str], gone: set[str]) -> None:
    told = env(tmp_path, **own)
    assert part not in parts(own)
    assert {**told, **own} == told
    assert not gone & set(told)
    assert gone <= set(env(tmp_path))
    assert len(parts(own)) == len(parts({})) - 1


def test_servers_of_ones_own_are_used(tmp_path: Path) -> None:
    own = {"POSTGRES_HOST": "db", "REDIS_URL": "redis://here"}
    assert (needs_postgres(own), needs_redis(own)) == (False, False)
    told = env(tmp_path, **own)
    assert "DATABASE_URL" not in told
    assert told["REDIS_URL"] == "redis://here"
    assert (needs_postgres({}), needs_redis({"REDIS_URL": ""})) == (True, True)


def test_an_older_name_of_the_public_address_is_not_overruled(tmp_path: Path) -> None:
    assert load(env(tmp_path, WEBHOOK_BASE_URL="https://shop.example.net")).public_url == "https://shop.example.net"


def test_a_proxy_is_not_asked_for_this_machine(tmp_path: Path) -> None:
    told = env(tmp_path, HTTP_PROXY="http://proxy:3128", NO_PROXY="intranet")
    assert told["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert told["no_proxy"] == "127.0.0.1,localhost"


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nTELEGRAM_BOT_TOKEN=7:file\nSUPPORT_USERNAME='me_too'\n")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "7:process")
    monkeypatch.setenv("SUPPORT_USERNAME", "")
    found = given(file)
    assert (found["TELEGRAM_BOT_TOKEN"], found["SUPPORT_USERNAME"]) == ("7:process", "me_too")


def test_a_check_never_sees_real_settings() -> None:
    own = {"DATABASE_URL": "postgres://real", "VPN_DE1_DNS": "x", "POSTGRES_DB": "real", "WEBHOOK_BASE_URL": "x"}
    own |= {"REMNAWAVE_URL": "https://real", "REMNAWAVE_TOKEN": "real"}
    assert without_settings({**own, "PATH": "/bin"}) == {"PATH": "/bin"}
