"""Checks each setting against reality and says in plain words what is wrong and what to do. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from apps.console import (
    doctor_access,
    doctor_goods,
    doctor_licences,
    doctor_money,
    doctor_panels,
    doctor_payouts,
    doctor_receipts,
    doctor_vpn,
)
from apps.console.findings import Finding, Trouble
from services import assembly, catalog
from services.kit import Kit
from services.platform import config, logs, migrate
from services.platform.errors import KioskError


def main(arguments: list[str]) -> int:
    """Exit code 0 when everything is well, 1 otherwise."""
    if arguments:
        print("doctor takes no arguments")
        return 2
    logs.set_up(level="ERROR", form="standard", process="doctor", version="", dyno="")
    try:
        settings = config.load()
    except config.BadConfiguration as fault:
        for line in fault.faults:
            print(f"✗ {line}")
        print("\nSet these variables (heroku config:set NAME=value, or .env); .env.example explains each.")
        return 1
    kit = assembly.build(settings, "console")
    failed = 0
    for finding in examine(kit):
        failed += bool(finding.remedy)
        print(f"{'✗' if finding.remedy else '✓'} {finding.what}: {finding.says}")
        if finding.remedy:
            print(f"    → {finding.remedy}")
    kit.close()
    print("\nAll is well." if not failed else f"\n{failed} to mend.")
    return 1 if failed else 0


def examine(kit: Kit) -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[Kit], str]]] = [
        ("Database", _database),
        ("Redis", _redis),
        ("Catalogue", _catalogue),
        ("Telegram bot", _bot),
        ("Telegram updates", _updates),
        *doctor_money.checks(kit),
        *doctor_payouts.checks(kit),
        *doctor_vpn.checks(kit),
        *doctor_panels.checks(kit),
        ("Private chats", _chats),
        ("Licence keys", doctor_licences.licence_keys),
        *doctor_access.checks(kit),
        ("Storage", _storage),
        ("Goods", doctor_goods.goods),
        ("Tasks of operators", doctor_goods.tasks),
        *doctor_receipts.checks(),
        ("Support", _support),
    ]
    for what, check in checks:
        try:
            yield Finding(what, check(kit))
        except Trouble as trouble:
            yield Finding(what, trouble.says, trouble.remedy)


def _database(kit: Kit) -> str:
    try:
        with kit.db.engine.connect() as connection:
            version = connection.execute(text("SHOW server_version")).scalar()
            here, newest = migrate.levels(connection)
    except SQLAlchemyError as error:
        raise Trouble(f"cannot be reached ({type(error).__name__})", "look at DATABASE_URL or POSTGRES_*") from None
    if here != newest:
        raise Trouble(f"is at migration {here or 'none'}, this release needs {newest}", "run bin/release")
    return f"PostgreSQL {version}, migration {here}"


def _redis(kit: Kit) -> str:
    try:
        kit.redis.ping()
    except redis.RedisError as error:
        raise Trouble(f"cannot be reached ({type(error).__name__})", "look at REDIS_URL") from None
    return "answers"


def _catalogue(kit: Kit) -> str:
    try:
        with kit.db.begin() as tx:
            tariffs = catalog.list_tariffs(tx, ("all", "new", "existing", "invited"))
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
    if not tariffs:
        raise Trouble("nothing is on sale", "python -m apps.console catalog import apps/console/catalog.sample.toml")
    currencies = {provider.currency for provider in kit.providers.values()}
    unpriced = [tariff.slug for tariff in tariffs if not currencies & set(tariff.prices)]
    if unpriced:
        raise Trouble(
            f"no payment provider takes the currency of {', '.join(unpriced)}",
            f"give them a price in {', '.join(sorted(currencies)) or 'a currency that PAYMENT_PROVIDERS take'}",
        )
    return f"{len(tariffs)} tariffs on sale"


def _bot(kit: Kit) -> str:
    try:
        me = kit.telegram.call("getMe")
    except KioskError as error:
        raise Trouble(str(error), "look at TELEGRAM_BOT_TOKEN (from @BotFather) and TELEGRAM_API_URL") from None
    return f"@{me['username']}"


def _updates(kit: Kit) -> str:
    try:
        webhook = kit.telegram.call("getWebhookInfo")
    except KioskError as error:
        raise Trouble(str(error), "mend the bot's token first") from None
    url, waiting = webhook.get("url", ""), webhook.get("pending_update_count", 0)
    if kit.settings.telegram_mode == "polling":
        if url:
            raise Trouble(
                f"a webhook is set ({url}), and TELEGRAM_MODE is polling",
                "start the worker, which removes it; or set TELEGRAM_MODE=webhook",
            )
        return f"polling, {waiting} waiting"
    wanted = f"{kit.settings.public_url}/webhooks/telegram"
    if url != wanted:
        raise Trouble(f"the webhook is {url or 'not set'}, not {wanted}", "start the worker, which sets it")
    if complaint := webhook.get("last_error_message"):
        raise Trouble(f"Telegram could not deliver: {complaint}", "look at PUBLIC_URL and the web process's logs")
    return f"webhook {url}, {waiting} waiting"


def _chats(kit: Kit) -> str:
    """Of all that are sold: whether the bot may work there, and how many people are in."""
    chats = kit.provisioners["channel"]
    with kit.db.begin() as tx:
        places = chats.places(tx)
    says, lost = [], []
    for place in places:
        try:
            says.append(chats.check(place).says)
        except KioskError as error:
            lost.append(f"{place}: {error}")
    if lost:
        raise Trouble("; ".join(lost), "make the bot an administrator there; see docs/access/channels.md")
    return "; ".join(says) or "none is sold"


def _storage(kit: Kit) -> str:
    if kit.storage is None:
        return "not configured; only files need it"
    try:
        kit.storage.check()
    except KioskError as error:
        raise Trouble(str(error), "look at STORAGE_*: the bucket must exist and the keys may use it") from None
    return "the bucket answers"


def _support(kit: Kit) -> str:
    if not kit.settings.support_username:
        raise Trouble("buyers have nobody to turn to", "set SUPPORT_USERNAME to a Telegram name")
    return f"@{kit.settings.support_username.lstrip('@')}"
