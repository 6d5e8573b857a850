"""What can be done with a good: by how it stands, and by what its kind is able to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.bot import callbacks
from apps.bot import callbacks_access as words
from apps.bot import callbacks_life as life
from apps.bot.keyboards import Row, button, link
from apps.bot.links import support_url
from apps.bot.screens.subscription import next_step, phase
from services.platform.i18n import Language
from services.provisioning import Access, Capability
from services.subscriptions import Subscription

# An app has to be set up for these.
SET_UP = ("file", "link")


@dataclass(frozen=True, slots=True)
class Card:
    """One good as its owner sees it. `can` is what its kind is able to; `has_choice`: of several locations;
    `is_alone`: the subscription gives nothing else."""

    access: Access
    subscription: Subscription
    can: Capability = Capability.NONE
    has_choice: bool = False
    is_alone: bool = True


def actions(_: Language, card: Card, now: datetime, support: str | None) -> list[Row]:
    """`support` is the username to write to."""
    access, one = card.access, card.subscription
    match access.state:
        case "ready":
            return _ready_actions(_, card, now)
        case "preparing":
            again = [button(_.label("Look again"), words.ShowAccess(grant_id=access.grant_id))]
            return [again, _contact(_, support)] if access.is_delayed else [again]
        case "suspended" if not access.is_barred:
            return [[button(_.label("Resume"), life.Resume(subscription_id=one.id))]]
        case "suspended" | "sold_out":
            return [_contact(_, support)]
        case _ended:
            return [] if phase(one, now) not in ("expired", "grace") else [[next_step(_, one, now)]]


def _ready_actions(_: Language, card: Card, now: datetime) -> list[Row]:
    access, number = card.access, card.access.grant_id
    kinds = [one.kind for one in access.artifacts if one.kind != "document"]
    rows: list[Row] = []
    if access.is_limited:
        rows.append(_more_traffic(_, card.subscription, now))
    if invite := access.artifact("invite"):
        rows.append([link(_.label("Join"), invite.content)])
    elif kinds:
        rows.append([button(_send(_, kinds[0]), words.SendAccess(grant_id=number))])
    choices: Row = []
    if Capability.DEVICES in card.can:
        choices.append(button(_.label("📱 Devices"), words.Devices(grant_id=number)))
    if card.has_choice:
        choices.append(button(_.label("📍 Location"), words.Locations(grant_id=number)))
    rows.append(choices)
    if Capability.ROTATE in card.can and kinds:
        rows.append([button(_replace(_, kinds[0]), words.Replace(grant_id=number))])
    if any(kind in SET_UP for kind in kinds):
        rows.append([button(_.label("How to connect"), callbacks.Connect(subscription_id=access.subscription_id))])
    return rows


def _more_traffic(_: Language, one: Subscription, now: datetime) -> Row:
    if one.terms.traffic_reset == "period" or phase(one, now) == "trial":
        return [next_step(_, one, now)]
    return [button(_.label("Change the tariff"), life.Change(subscription_id=one.id))]


def _send(_: Language, kind: str) -> str:
    match kind:
        case "file":
            return _.label("Configuration and QR")
        case "link":
            return _.label("Link and QR")
        case "key":
            return _.label("The key again")
        case _other:
            return _.label("Send it again")


def _replace(_: Language, kind: str) -> str:
    match kind:
        case "file":
            return _.label("🔄 Replace the keys")
        case "link" | "invite":
            return _.label("🔄 Replace the link")
        case _other:
            return _.label("🔄 Replace the key")


def _contact(_: Language, support: str | None) -> Row:
    if support is None:
        return [button(_.label("Help & support"), callbacks.Help())]
    return [link(_.label("Write to support"), support_url(support))]
