"""What the processes are told in development and tests: the sandbox's values, where a person has not set their own.

A part of the sandbox gives way to the real thing as soon as one of its variables is set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from honcho.environ import parse

from apps.sandbox.portmone.bills import LOGIN, PASSWORD
from apps.sandbox.portmone.callbacks import TOKEN
from apps.sandbox.remnawave.settings import SQUADS, WEBHOOK_SECRET
from apps.sandbox.remnawave.settings import TOKEN as PANEL_TOKEN
from apps.sandbox.stack import Stack
from services.platform.config import Settings, inherited_environment

DATABASE = ("DATABASE_URL", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_HOST", "POSTGRES_DB")
STORAGE = ("STORAGE_ENDPOINT", "STORAGE_BUCKET", "STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY")

# The parts of the world, each with the variables that put the real thing in its place.
PARTS = {
    "telegram": ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL"),
    "yookassa": ("YOOKASSA_SHOP_ID", "YOOKASSA_SECRET_KEY", "YOOKASSA_API_URL"),
    "robokassa": ("ROBOKASSA_MERCHANT_LOGIN", "ROBOKASSA_PASSWORD_1", "ROBOKASSA_PASSWORD_2", "ROBOKASSA_PAY_URL"),
    "cryptopay": ("CRYPTOPAY_TOKEN", "CRYPTOPAY_API_URL"),
    "portmone": ("PORTMONE_LOGIN", "PORTMONE_PASSWORD", "PORTMONE_PAYEE_IDS", "PORTMONE_API_BASE"),
    "vpn": ("VPN_SERVERS",),
    "wgportal": (),
    "panel": ("REMNAWAVE_URL", "REMNAWAVE_TOKEN", "REMNAWAVE_PANELS"),
    "panel2": (),
    "till": (),
    "seller": ("CALLOUT_SECRET",),
    "storage": STORAGE,
    "clock": ("CLOCK_URL",),
    "mail": (),
}
VPN_SERVERS = {  # code -> where it pretends to be, its networks
    "de1": ("Frankfurt", "10.66.0.0/22", "fd42:66::/118"),
    "nl1": ("Amsterdam", "10.67.0.0/22", "fd42:67::/118"),
}
AGENT_SECRET = "sandbox-agent-secret"
PORTAL_TOKEN = "sandbox-portal-token-of-32-letters"


def given(file: Path) -> dict[str, str]:
    """What the person has set: in the environment, else in `file` (NAME=value lines)."""
    written = parse(file.read_text()) if file.exists() else {}
    return {**written, **{name: value for name, value in inherited_environment().items() if value}}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Only what no setting of Kiosk is: a check must never reach anybody's real data."""
    settings = {name.upper() for name in Settings.model_fields} | {"WEBHOOK_BASE_URL"}
    grouped = ("VPN_", "POSTGRES_", "REMNAWAVE_")
    return {name: value for name, value in environ.items() if name not in settings and not name.startswith(grouped)}


def needs_postgres(given: Mapping[str, str]) -> bool:
    return not _any(given, DATABASE)


def needs_redis(given: Mapping[str, str]) -> bool:
    return not given.get("REDIS_URL")


def parts(given: Mapping[str, str]) -> list[str]:
    """Which parts of the world are played."""
    return [part for part, variables in PARTS.items() if not _any(given, variables)]


def environment(
    given: Mapping[str, str],
    *,
    stack: Stack,
    world_url: str,
    world_directory: Path,
    port: int,
    encryption_secret: str,
    vpn_keys: Mapping[str, str],
) -> dict[str, str]:
    """`given` and whatever it lacks (empty counts as absent), ready for services.platform.config.load.

    `world_url` is the root of the sandbox world, `world_directory` its files; `port` is the web process's;
    `vpn_keys` maps the code of each sandbox VPN server to its public key."""
    wanted = {
        "APP_ENV": "dev",
        "LOG_FORMAT": "standard",
        "PORT": str(port),
        "SUPPORT_USERNAME": "kiosk_support",
        "PAYMENT_PROVIDERS": ",".join(_payable(given)),
        "ENCRYPTION_SECRET": encryption_secret,
    }
    if needs_postgres(given):
        wanted["DATABASE_URL"] = stack.database_url()
    if needs_redis(given):
        wanted["REDIS_URL"] = stack.redis_url
    if not _any(given, ("PUBLIC_URL", "WEBHOOK_BASE_URL")):
        wanted["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    worlds = _of_the_world(world_url, world_directory, vpn_keys)
    for part in parts(given):
        wanted |= worlds[part]
    lacking = {name: value for name, value in wanted.items() if not given.get(name)}
    return {**given, **lacking, **_no_proxy(given)}


def _payable(given: Mapping[str, str]) -> list[str]:
    """Every provider that is played; of the real ones those that the person has set up."""
    own = {"robokassa": "ROBOKASSA_MERCHANT_LOGIN", "cryptopay": "CRYPTOPAY_TOKEN"}
    played = parts(given)
    return [
        code
        for code in ("yookassa", "robokassa", "stars", "cryptopay", "balance")
        if code not in own or code in played or given.get(own[code])
    ]


def _of_the_world(url: str, directory: Path, vpn_keys: Mapping[str, str]) -> dict[str, dict[str, str]]:
    vpn = {"VPN_SERVERS": ",".join(vpn_keys)}
    for code, public_key in vpn_keys.items():
        location, network4, network6 = VPN_SERVERS[code]
        vpn |= {
            f"VPN_{code.upper()}_AGENT_URL": f"{url}/vpn/{code}",
            f"VPN_{code.upper()}_AGENT_SECRET": AGENT_SECRET,
            f"VPN_{code.upper()}_PUBLIC_KEY": public_key,
            f"VPN_{code.upper()}_ENDPOINT": f"{code}.example.net:51820",
            f"VPN_{code.upper()}_LOCATION": location,
            f"VPN_{code.upper()}_NETWORK4": network4,
            f"VPN_{code.upper()}_NETWORK6": network6,
        }
    return {
        "telegram": {
            "TELEGRAM_API_URL": f"{url}/telegram",
            "TELEGRAM_LINK_URL": f"{url}/telegram",
            "TELEGRAM_BOT_TOKEN": "42:SANDBOX",
        },
        "yookassa": {
            "YOOKASSA_API_URL": f"{url}/yookassa/v3",
            "YOOKASSA_SHOP_ID": "100500",
            "YOOKASSA_SECRET_KEY": "test_SANDBOX",
            "YOOKASSA_SAVED_CARDS": "true",
        },
        "robokassa": {
            "ROBOKASSA_MERCHANT_LOGIN": "kiosk",
            "ROBOKASSA_PASSWORD_1": "sandbox-password-1",
            "ROBOKASSA_PASSWORD_2": "sandbox-password-2",
            "ROBOKASSA_PASSWORD_3": "sandbox-password-3",
            "ROBOKASSA_HASH": "SHA256",
            "ROBOKASSA_SAVED_CARDS": "true",
            "ROBOKASSA_PAY_URL": f"{url}/robokassa",
            "ROBOKASSA_SERVICES_URL": f"{url}/robokassa",
        },
        "cryptopay": {"CRYPTOPAY_TOKEN": "42:SANDBOXCRYPTOPAY", "CRYPTOPAY_API_URL": f"{url}/cryptopay/api"},
        "portmone": portmone(url),
        "vpn": vpn,
        "wgportal": {},
        "seller": {"CALLOUT_SECRET": "sandbox-callout-secret"},
        "storage": dict(zip(STORAGE, (f"{url}/storage", "kiosk", "sandbox", "sandbox-secret"), strict=True)),
        "clock": {"CLOCK_URL": (directory.absolute() / "clock" / "offset").as_uri()},
        "panel": panel(url),
        "panel2": {},
        "till": {},
        "mail": {},
    }


def panel(url: str, name: str = "panel") -> dict[str, str]:
    """How Kiosk is led to the sandbox's Remnawave: "panel" of 3.x or "panel2" of 2.x. `url` is the world's root."""
    return {
        "REMNAWAVE_URL": f"{url}/{name}",
        "REMNAWAVE_TOKEN": PANEL_TOKEN,
        "REMNAWAVE_SQUADS": ",".join(list(SQUADS)[:1]),
        "REMNAWAVE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


def portmone(url: str) -> dict[str, str]:
    """How Kiosk is led to the sandbox's Portmone. `url` is the world's root."""
    return {
        "PORTMONE_API_BASE": f"{url}/portmone/api/directcash",
        "PORTMONE_LOGIN": LOGIN,
        "PORTMONE_PASSWORD": PASSWORD,
        "PORTMONE_PAYEE_IDS": "50=102,66=102,95=102,99=102,63=103,73=103,93=103,*=101",
        "PORTMONE_WEBHOOK_TOKEN": TOKEN,
    }


def _no_proxy(given: Mapping[str, str]) -> dict[str, str]:
    """A proxy for the outside must not be asked for addresses on this machine."""
    ours = "127.0.0.1,localhost"
    return {name: f"{given[name]},{ours}" if given.get(name) else ours for name in ("NO_PROXY", "no_proxy")}


def _any(given: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return any(given.get(name) for name in names)
