"""Settings into a Kit: the one place that knows concrete classes."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr

from services.assembly_access import provisioners
from services.assembly_payouts import payout_providers
from services.billing import Capability, PaymentProvider
from services.billing.providers.balance import Balance
from services.billing.providers.base import Fiscal
from services.billing.providers.bounded import Bounded
from services.billing.providers.cryptopay import CryptoPay
from services.billing.providers.robokassa import Robokassa
from services.billing.providers.stars import Stars
from services.billing.providers.yookassa import YooKassa
from services.kit import Kit
from services.notifications import Pace, TelegramChannel
from services.platform import cache, logs, sentry
from services.platform.clock import Clock
from services.platform.config import Settings
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.storage import Storage
from services.receipts.ocr.process import Reader
from services.receipts.ocr.registers.http import HttpRegister

OPEN_CALLS = 12  # to one provider, of the 16 that apps.threads lets wait


def build(settings: Settings, process: str) -> Kit:
    """Makes everything a process of this kind needs; nothing is connected yet. `process` is a key of
    config.POOL_SIZES."""
    cipher = Cipher(
        settings.encryption_secret.get_secret_value(),
        [secret.get_secret_value() for secret in settings.encryption_secret_earlier],
    )
    client = cache.connect(settings.redis_connection_url)
    clock = Clock(settings.clock_url)
    db = Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size(process),
        application=f"kiosk-{process}",
    )
    storage = _storage(settings)
    return Kit(
        settings=settings,
        clock=clock,
        db=db,
        redis=client,
        cipher=cipher,
        providers={code: _provider(code, settings, db, clock, process) for code in settings.payment_providers},
        provisioners=provisioners(settings, db, clock, cipher, storage),
        payouts=payout_providers(settings),
        telegram=TelegramChannel(
            api_url=settings.telegram_api_url, token=settings.telegram_bot_token.get_secret_value()
        ),
        pace=Pace(client),
        storage=storage,
        reader=Reader(tessdata=settings.tessdata_prefix),
        register=HttpRegister(settings.fiscal_lookup_url) if settings.fiscal_lookup_url else None,
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


def _provider(code: str, settings: Settings, db: Database, clock: Clock, process: str) -> PaymentProvider:
    if code == "balance":
        return Balance(db, clock, currency=settings.balance_currency, expects_test=settings.app_env != "prod")
    provider = SHOPS[code](settings)
    may_remember = {"yookassa": settings.yookassa_saved_cards, "robokassa": settings.robokassa_saved_cards}
    if not may_remember.get(code):  # both allow it by agreement only
        provider.capabilities &= ~Capability.SAVED_METHOD
    provider.fiscal = _fiscal(settings)
    # Web and worker have threads of their own for calls that wait; a job process shares its few among all queues.
    at_once = OPEN_CALLS if process in ("web", "worker") else max(2, settings.job_threads // 3)
    return Bounded(provider, at_once)


def _yookassa(settings: Settings) -> PaymentProvider:
    assert settings.yookassa_shop_id
    return YooKassa(
        shop_id=settings.yookassa_shop_id,
        secret_key=_given(settings.yookassa_secret_key),
        api_url=settings.yookassa_api_url,
        expects_test=settings.app_env != "prod",
        two_stage=settings.yookassa_two_stage,
    )


def _robokassa(settings: Settings) -> PaymentProvider:
    """In production real payments, everywhere else Robokassa's test mode with the test passwords."""
    assert settings.robokassa_merchant_login
    password3 = settings.robokassa_password_3
    return Robokassa(
        login=settings.robokassa_merchant_login,
        password1=_given(settings.robokassa_password_1),
        password2=_given(settings.robokassa_password_2),
        password3=password3.get_secret_value() if password3 else None,
        hash_name=settings.robokassa_hash,
        is_test=settings.app_env != "prod",
        expects_test=settings.app_env != "prod",
        pay_url=settings.robokassa_pay_url,
        services_url=settings.robokassa_services_url,
    )


def _stars(settings: Settings) -> PaymentProvider:
    return Stars(
        token=settings.telegram_bot_token.get_secret_value(),
        api_url=settings.telegram_api_url,
        expects_test=settings.app_env != "prod",
    )


def _cryptopay(settings: Settings) -> PaymentProvider:
    return CryptoPay(
        token=_given(settings.cryptopay_token),
        api_url=settings.cryptopay_api_url,
        currency=settings.cryptopay_currency,
        expects_test=settings.app_env != "prod",
    )


SHOPS: dict[str, Callable[[Settings], PaymentProvider]] = {
    "yookassa": _yookassa,
    "robokassa": _robokassa,
    "stars": _stars,
    "cryptopay": _cryptopay,
}


def _given(secret: SecretStr | None) -> str:
    assert secret, "the configuration is checked before"
    return secret.get_secret_value()


def _fiscal(settings: Settings) -> Fiscal | None:
    if settings.fiscal_email is None:
        return None
    return Fiscal(
        email=settings.fiscal_email,
        vat_code=settings.fiscal_vat_code,
        tax_system=settings.fiscal_tax_system,
        subject=settings.fiscal_subject,
        mode=settings.fiscal_mode,
    )


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
