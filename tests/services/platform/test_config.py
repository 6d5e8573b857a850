from __future__ import annotations

from urllib.parse import quote

import pytest
from redis import ConnectionPool

from services.platform import config
from services.platform.config import POOL_SIZES, BadConfiguration, Settings, load
from services.platform.db import Database

KEY = "A" * 43 + "="
GOOD = {
    "DATABASE_URL": "postgres://u:p@db.example.net:5432/kiosk",
    "REDIS_URL": "redis://cache.example.net:6379",
    "TELEGRAM_BOT_TOKEN": "42:token",
    "YOOKASSA_SHOP_ID": "100500",
    "YOOKASSA_SECRET_KEY": "live_key",
    "ENCRYPTION_SECRET": "0123456789abcdef",
}
VPN = {
    "VPN_SERVERS": "de1, nl1",
    **{
        f"VPN_{code}_{name}": value
        for code in ("DE1", "NL1")
        for name, value in {
            "AGENT_URL": f"https://{code.lower()}.example.net/",
            "AGENT_SECRET": "0123456789abcdef",
            "PUBLIC_KEY": KEY,
            "ENDPOINT": "vpn.example.net:51820",
            "LOCATION": "Frankfurt",
            "NETWORK4": "10.66.0.0/22",
            "NETWORK6": "fd42:66::/118",
        }.items()
    },
}


def faults(**changes: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        load({**GOOD, **changes})
    return caught.value.faults


def names(lines: list[str]) -> set[str]:
    return {line.split(":")[0] for line in lines}


def without(*missing: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name not in missing}


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(
            {
                "PORT": "high",
                "LOG_LEVEL": "LOUD",
                "TELEGRAM_MODE": "webhook",
                "STORAGE_BUCKET": "b",
                "VPN_SERVERS": "de1",
            }
        )
    assert names(caught.value.faults) == {
        *("DATABASE_URL", "REDIS_URL", "TELEGRAM_BOT_TOKEN", "ENCRYPTION_SECRET", "PORT", "LOG_LEVEL"),
        *("YOOKASSA_SHOP_ID", "YOOKASSA_SECRET_KEY", "TELEGRAM_WEBHOOK_SECRET", "PUBLIC_URL"),
        *("STORAGE_ENDPOINT", "STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"),
        *(f"VPN_DE1_{n}" for n in ("AGENT_URL", "AGENT_SECRET", "PUBLIC_KEY", "ENDPOINT", "LOCATION")),
        *("VPN_DE1_NETWORK4", "VPN_DE1_NETWORK6"),
    }
    assert all(line in str(caught.value) for line in caught.value.faults)


def test_empty_counts_as_absent() -> None:
    assert names(faults(REDIS_URL="")) == {"REDIS_URL"}
    assert load({**GOOD, "PORT": "", "LOG_LEVEL": ""}).port == 5000


SECRET = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize("name", sorted({n.upper() for n in Settings.model_fields} | set(VPN) | {"POSTGRES_PORT"}))
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"://{SECRET}",
        f"https://[{SECRET}]",
        f"https://u:{SECRET}\u2100@h",
        f"redis://x:{SECRET}/",
        f"{SECRET}\n",
    ],
)
def test_a_fault_never_quotes_the_value(name: str, value: str) -> None:
    given = {**GOOD, **VPN, name: value}
    if name == "POSTGRES_PORT":
        del given["DATABASE_URL"]
        given |= {f"POSTGRES_{part}": "x" for part in ("USER", "PASSWORD", "HOST", "DB")}
    refused = None
    try:
        load(given)
    except BadConfiguration as error:
        refused = error
    if refused:
        assert "hunter2" not in str(refused).lower()
        assert refused.__suppress_context__ or refused.__context__ is None, "a traceback would quote it"


def test_secrets_are_not_shown_by_a_settings_object() -> None:
    secrets = {
        "DATABASE_URL": f"postgres://u:{SECRET}@h/d",
        "REDIS_URL": f"rediss://:{SECRET}@h:6379",
        "TELEGRAM_BOT_TOKEN": f"1:{SECRET}",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "YOOKASSA_SECRET_KEY": SECRET,
        "ENCRYPTION_SECRET": SECRET,
        "ENCRYPTION_SECRET_EARLIER": f"{SECRET}1, {SECRET}2",
        "STORAGE_ENDPOINT": "https://s3.example.net",
        "STORAGE_BUCKET": "b",
        "STORAGE_ACCESS_KEY": "a",
        "STORAGE_SECRET_KEY": SECRET,
        "SENTRY_DSN": f"https://{SECRET}@sentry.example.net/1",
        "VPN_DE1_AGENT_SECRET": SECRET,
    }
    settings = load({**GOOD, **VPN, **secrets})
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in shown
    assert [secret.get_secret_value() for secret in settings.encryption_secret_earlier] == [f"{SECRET}1", f"{SECRET}2"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_add_ons_database_addresses_are_understood(scheme: str) -> None:
    url = load({**GOOD, "DATABASE_URL": f"{scheme}://u:p%40@h:6432/d?sslmode=disable"}).database_url.get_secret_value()
    database = Database(url)
    assert database.url.drivername == "postgresql+psycopg"
    assert (database.url.password, database.url.port, database.url.database) == ("p@", 6432, "d")
    database.close()


def test_a_database_in_parts() -> None:
    parts = {"POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p@/:?#", "POSTGRES_HOST": "h", "POSTGRES_DB": "d"}
    given = without("DATABASE_URL")
    assert load(given | parts).database_url.get_secret_value() == f"postgresql://u:{quote('p@/:?#', safe='')}@h:5432/d"
    database = Database(load(given | parts | {"POSTGRES_PORT": "6432"}).database_url.get_secret_value())
    assert (database.url.password, database.url.port) == ("p@/:?#", 6432)
    database.close()
    assert load({**GOOD, **parts}).database_url.get_secret_value() == GOOD["DATABASE_URL"], "DATABASE_URL goes first"
    with pytest.raises(BadConfiguration, match="POSTGRES_PASSWORD, POSTGRES_DB"):
        load(given | {"POSTGRES_USER": "u", "POSTGRES_HOST": "h"})
    with pytest.raises(BadConfiguration, match="POSTGRES_PORT"):
        load(given | parts | {"POSTGRES_PORT": "high"})


def test_heroku_databases_get_tls_unless_they_say_otherwise() -> None:
    def url(address: str) -> str:
        return load({**GOOD, "DYNO": "web.1", "DATABASE_URL": address}).database_url.get_secret_value()

    assert url("postgres://u:p@h/d") == "postgres://u:p@h/d?sslmode=require"
    assert url("postgres://u:p@h/d?x=1") == "postgres://u:p@h/d?x=1&sslmode=require"
    assert url("postgres://u:p@h/d?sslmode=verify-full") == "postgres://u:p@h/d?sslmode=verify-full"


@pytest.mark.parametrize(
    "url", ["mysql://u:p@h/d", "sqlite://", "http://h/d", "postgres:/h", "postgres://u:p@h:port/d"]
)
def test_other_database_addresses_are_refused(url: str) -> None:
    assert names(faults(DATABASE_URL=url)) == {"DATABASE_URL"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("rediss://:p@h:6379", "rediss://:p@h:6379?ssl_cert_reqs=none"),
        ("rediss://:p@h:6379/0?timeout=1", "rediss://:p@h:6379/0?timeout=1&ssl_cert_reqs=none"),
        ("rediss://h?ssl_cert_reqs=required", "rediss://h?ssl_cert_reqs=required"),
        ("redis://h", "redis://h"),
        ("unix:///a/b.sock?db=0", "unix:///a/b.sock?db=0"),
    ],
)
def test_self_signed_certificates_of_redis_add_ons_are_accepted(given: str, wanted: str) -> None:
    assert load({**GOOD, "REDIS_URL": given}).redis_connection_url == wanted
    ConnectionPool.from_url(wanted)


@pytest.mark.parametrize("url", ["redis://:secret/", "http://h", "redis:/h", "unix://"])
def test_other_redis_addresses_are_refused(url: str) -> None:
    assert names(faults(REDIS_URL=url)) == {"REDIS_URL"}


def test_groups_of_vpn_servers() -> None:
    de, nl = load({**GOOD, **VPN, "VPN_NL1_CAPACITY": "10", "VPN_FR1_LOCATION": "nobody asked"}).vpn_servers
    assert (de.code, de.agent_url, de.capacity, nl.capacity) == ("de1", "https://de1.example.net", 250, 10)
    assert names(faults(**(VPN | {"VPN_NL1_NETWORK4": "10.0.0.1/8"}))) == {"VPN_NL1_NETWORK4"}
    assert names(faults(**(VPN | {"VPN_DE1_AGENT_SECRET": "short", "VPN_NL1_PUBLIC_KEY": "x"}))) == {
        "VPN_DE1_AGENT_SECRET",
        "VPN_NL1_PUBLIC_KEY",
    }
    assert len(load({**GOOD, **VPN, "VPN_SERVERS": "de1,de1,"}).vpn_servers) == 1
    for codes in ("DE1", "d", "de-1", "1de", "de1;nl1"):
        assert names(faults(**(VPN | {"VPN_SERVERS": codes}))) == {"VPN_SERVERS"}


PORTAL = {"KIND": "portal", "PORTAL_URL": "https://portal.example.net/", "PORTAL_USER": "kiosk"}


def test_a_server_may_be_a_portal() -> None:
    portal = {f"VPN_NL1_{name}": value for name, value in (PORTAL | {"PORTAL_TOKEN": SECRET}).items()}
    given = {name: value for name, value in VPN.items() if not name.startswith("VPN_NL1_AGENT_")}
    de, nl = load({**GOOD, **given, **portal}).vpn_servers
    assert (de.kind, nl.kind, nl.portal_url, nl.portal_interface) == (
        "agent", "portal", "https://portal.example.net", "wg0",
    )  # fmt: skip
    assert SECRET not in repr(nl)

    lacking = {name: value for name, value in portal.items() if name == "VPN_NL1_KIND"}
    assert names(faults(**given, **lacking)) == {f"VPN_NL1_PORTAL_{name}" for name in ("URL", "USER", "TOKEN")}
    assert names(faults(**given)) == {"VPN_NL1_AGENT_URL", "VPN_NL1_AGENT_SECRET"}
    assert names(faults(**given, **portal | {"VPN_NL1_KIND": "panel"})) == {"VPN_NL1_KIND"}
    assert names(faults(**given, **portal | {"VPN_NL1_PORTAL_USER": "a:b"})) == {"VPN_NL1_PORTAL_USER"}


def test_a_server_has_one_code() -> None:
    """Each list of peers is the whole list: two of them would end each other's people."""
    same = VPN | {"VPN_NL1_AGENT_URL": VPN["VPN_DE1_AGENT_URL"]}
    assert faults(**same) == ["VPN_NL1_AGENT_URL: is that of de1"]
    portals = {f"VPN_{code}_{name}": value for code in ("DE1", "NL1") for name, value in PORTAL.items()}
    portals |= {f"VPN_{code}_PORTAL_TOKEN": SECRET for code in ("DE1", "NL1")}
    assert faults(**VPN, **portals) == ["VPN_NL1_PORTAL_INTERFACE: is that of de1"]
    assert len(load({**GOOD, **VPN, **portals, "VPN_NL1_PORTAL_INTERFACE": "wg1"}).vpn_servers) == 2


def test_older_and_platform_names_are_understood() -> None:
    settings = load(
        {**GOOD, "WEBHOOK_BASE_URL": "https://old.example.net/", "HEROKU_SLUG_COMMIT": "abc", "DYNO": "web.1"}
    )
    assert (settings.public_url, settings.build_version, settings.dyno) == ("https://old.example.net", "abc", "web.1")
    both = {"WEBHOOK_BASE_URL": "https://old.example.net", "PUBLIC_URL": "https://new.example.net"}
    assert load({**GOOD, **both}).public_url == "https://new.example.net"
    hook = {
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": "s" * 16,
        "WEBHOOK_BASE_URL": "https://a.example.net",
    }
    assert load({**GOOD, **hook}).telegram_mode == "webhook"


def test_time_is_not_moved_in_production() -> None:
    assert names(faults(CLOCK_URL="file:///tmp/offset")) == {"CLOCK_URL"}  # APP_ENV is prod where nobody says so
    assert names(faults(CLOCK_URL="file:///tmp/offset", APP_ENV="prod")) == {"CLOCK_URL"}
    assert load({**GOOD, "CLOCK_URL": "file:///tmp/offset", "APP_ENV": "dev"}).clock_url == "file:///tmp/offset"


@pytest.mark.parametrize("name", ["PUBLIC_URL", "TELEGRAM_API_URL", "TELEGRAM_LINK_URL", "YOOKASSA_API_URL"])
def test_secrets_go_out_by_https_only(name: str) -> None:
    for url in (
        "http://example.net",
        "http://127.0.0.1.example.net",
        "http://10.0.0.1",
        "ftp://h",
        "https://",
        "example.net",
    ):
        assert names(faults(**{name: url})) == {name}, url
    assert names(faults(**{name: "https://u:p@example.net"})) == {name}, "shown in logs"
    for url in ("https://example.net", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"):
        assert getattr(load({**GOOD, name: url + "/"}), name.lower()) == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIME_ZONE", "Mars/Base"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", "Europe"),
        ("TELEGRAM_BOT_TOKEN", "42:token\n"),
        ("TELEGRAM_BOT_TOKEN", "token"),
        ("TELEGRAM_ADMIN_IDS", "1,two"),
        ("PAYMENT_PROVIDERS", "yookassa,cash"),
        ("SENTRY_DSN", "sentry.example.net"),
        ("YOOKASSA_SHOP_ID", "shop"),
        ("ENCRYPTION_SECRET", "short"),
        ("JOB_THREADS", "0"),
    ],
)
def test_wrong_values_are_found_at_the_start(name: str, value: str) -> None:
    assert names(faults(**{name: value})) == {name}


def test_one_process_of_each_kind_fits_a_plan_of_20_connections() -> None:
    listeners = 2  # the worker's and the clock's
    assert sum(POOL_SIZES.values()) <= 18
    assert sum(POOL_SIZES.values()) + listeners <= 20
    settings = load(GOOD)
    assert {process: settings.pool_size(process) for process in POOL_SIZES} == POOL_SIZES
    assert load({**GOOD, "DB_POOL_SIZE": "7"}).pool_size("web") == 7


def test_production_is_the_default() -> None:
    assert load(GOOD).app_env == config.app_env({}) == config.app_env({"APP_ENV": ""}) == "prod"


def test_a_signing_key_is_32_bytes_and_is_not_shown() -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    settings = load({**GOOD, "LICENCE_SIGNING_KEY": key, "LICENCE_SIGNING_KEY_EARLIER": f"{key}, {key}"})
    assert settings.licence_signing_keys == [key] * 3
    assert key not in repr(settings) + settings.model_dump_json()
    for wrong in (key[:-1], key[:-2] + "9=", "A" * 44, key + key, f"{key}\n"):
        assert names(faults(LICENCE_SIGNING_KEY=wrong)) == {"LICENCE_SIGNING_KEY"}
    assert names(faults(LICENCE_SIGNING_KEY_EARLIER=key)) == {"LICENCE_SIGNING_KEY"}, "the one that signs is missing"
    assert load(GOOD).licence_signing_keys == []
