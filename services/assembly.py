"""Settings into a Kit: the one place that knows concrete classes."""

from __future__ import annotations

from services.billing import PaymentProvider
from services.billing.providers.yookassa import YooKassa
from services.kit import Kit
from services.notifications import Pace, TelegramChannel
from services.platform import cache, logs, sentry
from services.platform.clock import Clock
from services.platform.config import Settings
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.storage import Storage
from services.provisioning import Provisioner
from services.provisioning.provisioners.wireguard import WireguardFleet


def build(settings: Settings, process: str) -> Kit:
    """Makes everything a process of this kind needs; nothing is connected yet. `process` is a key of
    config.POOL_SIZES."""
    cipher = Cipher(
        settings.encryption_secret.get_secret_value(),
        [secret.get_secret_value() for secret in settings.encryption_secret_earlier],
    )
    client = cache.connect(settings.redis_connection_url)
    provisioners: dict[str, Provisioner] = {"wireguard": WireguardFleet(settings.vpn_servers, cipher)}
    return Kit(
        settings=settings,
        clock=Clock(settings.clock_url),
        db=Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.pool_size(process),
            application=f"kiosk-{process}",
        ),
        redis=client,
        cipher=cipher,
        providers={code: _provider(code, settings) for code in settings.payment_providers},
        provisioners=provisioners,
        telegram=TelegramChannel(
            api_url=settings.telegram_api_url, token=settings.telegram_bot_token.get_secret_value()
        ),
        pace=Pace(client),
        storage=_storage(settings),
    )


def set_up_logs(settings: Settings, process: str) -> None:
    """Logs and Sentry, for every process alike."""
    logs.set_up(
        level=settings.log_level,
        form=settings.log_format,
        process=process,
        version=settings.build_version,
        dyno=settings.dyno,
    )
    dsn = settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None
    sentry.set_up(dsn, environment=settings.app_env, release=settings.build_version, process=process)


def _provider(code: str, settings: Settings) -> PaymentProvider:
    match code:
        case "yookassa":
            assert settings.yookassa_shop_id
            assert settings.yookassa_secret_key
            return YooKassa(
                shop_id=settings.yookassa_shop_id,
                secret_key=settings.yookassa_secret_key.get_secret_value(),
                api_url=settings.yookassa_api_url,
                expects_test=settings.app_env != "prod",
            )
        case _:
            raise AssertionError(code)


def _storage(settings: Settings) -> Storage | None:
    if not (
        settings.storage_endpoint
        and settings.storage_bucket
        and settings.storage_access_key
        and settings.storage_secret_key
    ):
        return None
    return Storage(
        endpoint=settings.storage_endpoint,
        bucket=settings.storage_bucket,
        access_key=settings.storage_access_key,
        secret_key=settings.storage_secret_key.get_secret_value(),
        region=settings.storage_region,
    )
