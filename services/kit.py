"""Everything a running process is given: built once by `assembly`, handed to reactions, schedule and apps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import redis

from services.billing import PaymentProvider
from services.notifications import Pace, TelegramChannel
from services.platform.clock import Clock
from services.platform.config import Settings
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.storage import Storage
from services.provisioning import Provisioners
from services.receipts import Reader, Register
from services.receipts.payouts import PayoutProviders


@dataclass(frozen=True, slots=True)
class Kit:
    """`providers` are in the order in which buyers are offered them; `provisioners` are by kind of access,
    `payouts` by name."""

    settings: Settings
    clock: Clock
    db: Database
    redis: redis.Redis
    cipher: Cipher
    providers: Mapping[str, PaymentProvider]
    provisioners: Provisioners
    telegram: TelegramChannel
    pace: Pace
    storage: Storage | None
    reader: Reader
    register: Register | None
    payouts: PayoutProviders

    def bot_url(self) -> str:
        """The bot's address, for links to it. Raises TryLater or Misconfigured when it has to be asked for."""
        return f"{self.settings.telegram_link_url}/{self.telegram.username()}"

    def close(self) -> None:
        self.telegram.close()
        self.reader.close()
        if self.register:
            self.register.close()
        for payer in self.payouts.values():
            payer.close()
        for provider in self.providers.values():
            provider.close()
        for provisioner in self.provisioners.values():
            provisioner.close()
        self.redis.close()
        self.db.close()
