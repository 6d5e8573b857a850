"""What every message is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services import billing, identity, provisioning, subscriptions
from services.notifications import buttons
from services.notifications.channels.base import Button
from services.platform.crypto import Cipher
from services.platform.i18n import Language


@dataclass(frozen=True, slots=True)
class Occasion:
    """`say` is the reader's language, `party` whom the message is about. Attributes are looked up in the caller's
    transaction."""

    tx: Session
    params: Mapping[str, Any]
    party: identity.Party
    say: Language
    time_zone: str
    cipher: Cipher
    bot_url: str = ""  # for the kinds in messages.WITH_LINK

    @property
    def subscription(self) -> subscriptions.Subscription:
        return subscriptions.subscription(self.tx, self.params["subscription_id"])

    @property
    def payment(self) -> billing.Payment:
        return billing.payment(self.tx, self.party, self.params["payment_id"])

    @property
    def refund(self) -> billing.Refund:
        return billing.refund(self.tx, self.params["refund_id"])

    def invoice(self, payment_id: int) -> billing.Invoice:
        return billing.invoice(self.tx, billing.any_payment(self.tx, payment_id).invoice_id)

    def given(self) -> list[provisioning.Access]:
        """All that the subscription gives."""
        return provisioning.access_of(self.tx, self.cipher, self.party, self.params["subscription_id"])

    def grant(self) -> provisioning.Access | None:
        """The one the message speaks of, whatever has become of it."""
        return next((one for one in self.given() if one.grant_id == self.params["grant_id"]), None)

    def access(self) -> provisioning.Access | None:
        """The one the message speaks of, if it is still given."""
        found = self.grant()
        return found if found and found.state == "ready" else None

    def owned(self, product: str) -> subscriptions.Subscription | None:
        """The party's newest subscription of a product."""
        own = subscriptions.subscriptions_of(self.tx, self.party)
        return next((one for one in own if one.product == product), None)

    def moment(self, at: datetime) -> str:
        return self.say.moment(at, self.time_zone)

    def until(self) -> str:
        return self.moment(self.subscription.ends_at)

    def wallet(self) -> Button:
        return Button(self.say.label("Top up"), buttons.WALLET)

    def my_subscriptions(self) -> Button:
        return Button(self.say.label("My subscription"), buttons.MY_SUBSCRIPTIONS)
