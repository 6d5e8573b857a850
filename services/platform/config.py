"""The only reader of the environment. Everything a process needs is here, checked once, at its start.

All missing and wrong variables are reported together, by name, never with their values. Addresses that carry
passwords are secrets too: `repr(settings)` shows none of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.platform.config_panels import RemnawavePanel, read_panels
from services.platform.config_payouts import PayeeIds, WebhookToken, what_portmone_needs
from services.platform.config_values import (
    POLICY_REASONS,
    CommaList,
    InvitedReward,
    OutsideUrl,
    Policies,
    Reward,
    SecretAddress,
    SigningKey,
    TimeZone,
    secret,
)
from services.platform.config_vpn import VpnServer, read_servers
from services.platform.errors import Misconfigured


class BadConfiguration(Misconfigured):
    """`faults` is one line for each variable, in the order of their names."""

    code = "bad_configuration"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("configuration:\n" + "\n".join(f"  {fault}" for fault in sorted(faults)))
        self.faults = sorted(faults)


AppEnv = Literal["dev", "test", "prod"]
Provider = Literal["yookassa", "robokassa", "stars", "cryptopay", "balance"]
# What each provider cannot do without.
PROVIDER_SETTINGS = {
    "yookassa": ("YOOKASSA_SHOP_ID", "YOOKASSA_SECRET_KEY"),
    "robokassa": ("ROBOKASSA_MERCHANT_LOGIN", "ROBOKASSA_PASSWORD_1", "ROBOKASSA_PASSWORD_2"),
    "stars": (),
    "cryptopay": ("CRYPTOPAY_TOKEN",),
    "balance": (),
}
GROUPS = ("VPN_SERVERS", "REMNAWAVE_PANELS")  # lists of codes, each with a group of variables

# 17 connections for one process of each kind; the worker and the clock hold one more each for LISTEN. A 20-connection
# plan keeps one for psql. Most go to the jobs: their threads queue for them.
POOL_SIZES = {"web": 2, "worker": 3, "jobs": 7, "ocr": 1, "rules": 1, "payouts": 1, "clock": 2, "console": 1}


class Settings(BaseModel):
    """Field X is the environment variable X in capitals; empty counts as absent."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    app_env: AppEnv = "prod"
    database_url: SecretStr
    db_pool_size: int | None = Field(None, ge=1, le=100)
    redis_url: Annotated[SecretStr, secret(r"(redis|rediss|unix)://.+"), SecretAddress]
    port: int = Field(5000, ge=1, le=65535)
    public_url: OutsideUrl | None = None
    trusted_proxy_hops: int = Field(1, ge=0, le=10)
    job_threads: int = Field(8, ge=1, le=64)
    bonus_tokens_days: int = Field(90, ge=0, le=3650)
    access_kept_days: int = Field(30, ge=1, le=3650)
    receipt_picture_days: int = Field(90, ge=1, le=3650)

    telegram_bot_token: Annotated[SecretStr, secret(r"[0-9]+:[A-Za-z0-9_-]+")]
    telegram_admin_ids: Annotated[tuple[int, ...], CommaList] = ()
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: Annotated[SecretStr, secret(r"[A-Za-z0-9_-]{16,256}")] | None = None
    telegram_api_url: OutsideUrl = "https://api.telegram.org"
    telegram_link_url: OutsideUrl = "https://t.me"
    support_username: str | None = Field(None, pattern=r"^@?[A-Za-z0-9_]{4,32}$")

    payment_providers: Annotated[tuple[Provider, ...], CommaList] = ("yookassa",)
    payment_policy: Annotated[tuple[str, ...], CommaList, Policies] = ()
    yookassa_shop_id: str | None = Field(None, pattern=r"^[0-9]+$")
    yookassa_secret_key: SecretStr | None = None
    yookassa_api_url: OutsideUrl = "https://api.yookassa.ru/v3"
    yookassa_two_stage: bool = False
    yookassa_saved_cards: bool = False
    robokassa_merchant_login: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,60}$")
    robokassa_password_1: SecretStr | None = None
    robokassa_password_2: SecretStr | None = None
    robokassa_password_3: SecretStr | None = None
    robokassa_hash: Literal["MD5", "SHA1", "RIPEMD160", "SHA256", "SHA384", "SHA512"] = "MD5"
    robokassa_saved_cards: bool = False
    robokassa_pay_url: OutsideUrl = "https://auth.robokassa.ru"
    robokassa_services_url: OutsideUrl = "https://services.robokassa.ru"
    cryptopay_token: Annotated[SecretStr, secret(r"[0-9]+:[A-Za-z0-9_-]+")] | None = None
    cryptopay_api_url: OutsideUrl = "https://pay.crypt.bot/api"
    cryptopay_currency: Literal["RUB", "UAH", "USD", "EUR"] = "RUB"
    balance_currency: Literal["RUB", "UAH", "USD", "EUR"] = "RUB"
    fiscal_email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
    fiscal_vat_code: int = Field(1, ge=1, le=12)
    fiscal_tax_system: int | None = Field(None, ge=1, le=6)
    fiscal_subject: str = Field("service", pattern=r"^[a-z_]{1,40}$")
    fiscal_mode: str = Field("full_payment", pattern=r"^[a-z_]{1,40}$")

    portmone_api_base: OutsideUrl = "https://direct.portmone.com.ua/api/directcash"
    portmone_login: str | None = Field(None, max_length=100)
    portmone_password: SecretStr | None = None
    portmone_payee_ids: PayeeIds = ()
    portmone_webhook_token: WebhookToken | None = None
    payouts_a_day: int | None = Field(None, ge=1, le=1_000_000)

    referral_inviter_reward: Reward | None = None
    referral_invited_reward: InvitedReward | None = None
    gift_days: int = Field(90, ge=1, le=3650)

    encryption_secret: SecretStr = Field(min_length=16)
    encryption_secret_earlier: Annotated[tuple[SecretStr, ...], CommaList] = ()

    licence_signing_key: Annotated[SecretStr, SigningKey] | None = None
    licence_signing_key_earlier: Annotated[tuple[Annotated[SecretStr, SigningKey], ...], CommaList] = ()

    storage_endpoint: OutsideUrl | None = None
    storage_bucket: str | None = None
    storage_access_key: str | None = None
    storage_secret_key: SecretStr | None = None
    storage_region: str = "us-east-1"

    tessdata_prefix: str | None = None
    fiscal_lookup_url: OutsideUrl | None = None

    callout_secret: Annotated[tuple[SecretStr, ...], CommaList] = ()

    vpn_servers: tuple[VpnServer, ...] = ()
    remnawave_panels: tuple[RemnawavePanel, ...] = ()

    sentry_dsn: Annotated[SecretStr, secret(r"https?://[^/@\s]+@\S+/[0-9]+")] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "standard"] = "json"
    build_version: str = "unknown"
    dyno: str = "local"
    time_zone: TimeZone = "Europe/Moscow"
    clock_url: str | None = Field(None, pattern=r"^file:///")

    @property
    def payment_policies(self) -> dict[str, str]:
        """What becomes of money that came late, twice or in another amount: apply, refund, keep or ask."""
        return dict.fromkeys(POLICY_REASONS, "ask") | dict(part.split("=") for part in self.payment_policy)

    def pool_size(self, process: str) -> int:
        """Database connections of a process of this kind: DB_POOL_SIZE, or a share of a 20-connection plan."""
        return self.db_pool_size or POOL_SIZES[process]

    @property
    def licence_signing_keys(self) -> list[str]:
        """In Base64: the first signs, all of them verify."""
        given = (self.licence_signing_key, *self.licence_signing_key_earlier)
        return [key.get_secret_value() for key in given if key]

    @property
    def redis_connection_url(self) -> str:
        """Redis add-ons present self-signed certificates: the link is encrypted, the name is not checked.
        The option is appended as text: taking a unix:// URL apart and joining it again breaks it."""
        url = self.redis_url.get_secret_value()
        if not url.startswith("rediss://") or "ssl_cert_reqs" in url:
            return url
        return url + ("&" if "?" in url else "?") + "ssl_cert_reqs=none"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads and checks the environment (or the mapping given instead). Raises BadConfiguration with every fault."""
    given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    faults: list[str] = []
    values: dict[str, Any] = {name.lower(): value for name, value in given.items() if name not in GROUPS}
    values.setdefault("public_url", given.get("WEBHOOK_BASE_URL"))
    values.setdefault("build_version", given.get("HEROKU_SLUG_COMMIT", "unknown"))
    values["database_url"] = _database_url(given, faults)
    values["vpn_servers"] = tuple(read_servers(given, faults, _faults))
    values["remnawave_panels"] = tuple(read_panels(given, faults, _faults))
    faults += _what_belongs_together(given)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise BadConfiguration(faults + _faults(error, prefix="")) from None
    if faults:
        raise BadConfiguration(faults)
    return settings


def app_env(environ: Mapping[str, str] | None = None) -> str:
    """APP_ENV alone, for the sandbox, which must refuse production before it reads anything else."""
    return (os.environ if environ is None else environ).get("APP_ENV") or "prod"


def inherited_environment() -> dict[str, str]:
    """A copy for child processes: what a parent passes on, never what it reads."""
    return dict(os.environ)


def tessdata_prefix(environ: Mapping[str, str] | None = None) -> str | None:
    """TESSDATA_PREFIX by itself: for a command that reads pictures without any other setting."""
    return (os.environ if environ is None else environ).get("TESSDATA_PREFIX") or None


def bare_environment() -> dict[str, str]:
    """What a program needs to start on this machine, and no setting and no secret: for one that reads what strangers
    sent."""
    needed = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")
    return {name: os.environ[name] for name in needed if name in os.environ}


def _what_belongs_together(given: Mapping[str, str]) -> list[str]:
    needed: dict[str, str] = {}
    if given.get("TELEGRAM_MODE") == "webhook":
        needed["TELEGRAM_WEBHOOK_SECRET"] = "needed for TELEGRAM_MODE=webhook"
        if "WEBHOOK_BASE_URL" not in given:
            needed["PUBLIC_URL"] = "needed for TELEGRAM_MODE=webhook"
    for code in given.get("PAYMENT_PROVIDERS", "yookassa").split(","):
        needed |= dict.fromkeys(PROVIDER_SETTINGS.get(code.strip(), ()), "needed by PAYMENT_PROVIDERS")
    storage = [f"STORAGE_{name}" for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY")]
    if any(name in given for name in storage):
        needed |= dict.fromkeys(storage, "needed beside the other STORAGE_*")
    if "LICENCE_SIGNING_KEY_EARLIER" in given:
        needed["LICENCE_SIGNING_KEY"] = "needed beside LICENCE_SIGNING_KEY_EARLIER"
    needed |= what_portmone_needs(given)
    faults = [f"{name}: missing ({why})" for name, why in needed.items() if name not in given]
    if any(len(one.strip()) < 16 for one in given.get("CALLOUT_SECRET", "x" * 16).split(",")):
        faults.append("CALLOUT_SECRET: each must have 16 characters or more")
    if given.get("APP_ENV", "prod") == "prod" and "CLOCK_URL" in given:
        faults.append("CLOCK_URL: time cannot be moved with APP_ENV=prod")
    return faults


def _database_url(given: Mapping[str, str], faults: list[str]) -> str:
    if url := given.get("DATABASE_URL"):
        if not re.match(r"postgres(ql)?://", url):
            faults.append("DATABASE_URL: must begin with postgres:// or postgresql://")
        elif not _is_database_address(url):
            faults.append("DATABASE_URL: must be an address")
    else:
        parts = {name: given.get(f"POSTGRES_{name}") for name in ("USER", "PASSWORD", "HOST", "DB")}
        missing = [f"POSTGRES_{name}" for name, value in parts.items() if not value]
        if missing:
            named = "all of POSTGRES_*" if len(missing) == len(parts) else ", ".join(missing)
            faults.append(f"DATABASE_URL: missing (or {named})")
            return "postgresql://"
        user, password, database = (quote(parts[name] or "", safe="") for name in ("USER", "PASSWORD", "DB"))
        port = given.get("POSTGRES_PORT", "5432")
        if not port.isascii() or not port.isdigit():
            faults.append("POSTGRES_PORT: must be a number")
        url = f"postgresql://{user}:{password}@{parts['HOST']}:{port}/{database}"
    if given.get("DYNO") and "sslmode" not in url:  # Heroku's databases demand TLS and do not say so in the URL
        url += ("&" if "?" in url else "?") + "sslmode=require"
    return url


def _is_database_address(url: str) -> bool:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        return False
    return True


def _faults(error: ValidationError, prefix: str) -> list[str]:
    lines: list[str] = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        name = prefix + str(fault["loc"][0]).upper() if fault["loc"] else ""
        if not name:
            lines += fault["msg"].removeprefix("Value error, ").splitlines()
        elif fault["type"] == "missing":
            lines.append(f"{name}: missing")
        else:
            lines.append(f"{name}: {fault['msg'].removeprefix('Value error, ')}")
    return lines
