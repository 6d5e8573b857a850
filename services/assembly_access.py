"""Settings into the ways to give access, by kind."""

from __future__ import annotations

from services import provisioning
from services.platform.clock import Clock
from services.platform.config import Settings
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.platform.storage import Storage
from services.provisioning import Provisioner
from services.provisioning.provisioners.callout import Callout
from services.provisioning.provisioners.channel import TelegramChats
from services.provisioning.provisioners.file import File
from services.provisioning.provisioners.licence import Licences
from services.provisioning.provisioners.link import Link
from services.provisioning.provisioners.manual import Manual
from services.provisioning.provisioners.remnawave import RemnawavePanels
from services.provisioning.provisioners.text import Text
from services.provisioning.provisioners.wireguard import WireguardFleet


def provisioners(
    settings: Settings, db: Database, clock: Clock, cipher: Cipher, storage: Storage | None
) -> dict[str, Provisioner]:
    """Nothing is connected yet."""
    token = settings.telegram_bot_token.get_secret_value()
    secrets = [secret.get_secret_value() for secret in settings.callout_secret]
    known: dict[str, Provisioner] = {
        "wireguard": WireguardFleet(settings.vpn_servers, cipher, db, clock),
        "channel": TelegramChats(api_url=settings.telegram_api_url, token=token, cipher=cipher),
        "licence": Licences(db, cipher, provisioning.licences.Signer.of(settings.licence_signing_keys)),
        "text": Text(),
        "link": Link(),
        "file": File(storage, has_address=settings.public_url is not None),
        "manual": Manual(cipher),
        "callout": Callout(cipher, secrets, private=settings.app_env != "prod"),
    }
    if settings.remnawave_panels:
        known["remnawave"] = RemnawavePanels(settings.remnawave_panels, cipher)
    return known
