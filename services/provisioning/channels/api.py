"""A thin client to the few methods of the Bot API that keep a chat's door (source: Telegram Bot API 10.3; the texts of
refusals are those of the Bot API server).

Links, which are secret, are in no error: Telegram's refusals do not quote them, and ours name the method only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from services.platform.tls import trusted
from services.provisioning.provisioners.base import Misconfigured, Rejected, TryLater

TIMEOUT = httpx.Timeout(15, connect=3)  # seconds
INSIDE = ("creator", "administrator", "member")
COMMANDING = ("creator", "administrator")
NEEDED = ("can_invite_users", "can_restrict_members")
# Answers which say that there is nothing left to do.
UNKNOWN_PERSON = ("participant_id_invalid", "user not found", "member not found", "user_not_participant",
                  "user_id_invalid", "user is deactivated")  # fmt: skip
NO_REQUEST = ("hide_requester_missing", "user_already_participant", *UNKNOWN_PERSON)
NO_LINK = ("invite_hash_expired", "invite_hash_invalid", "invite_hash_empty")
COMMANDS = ("user is an administrator of the chat", "can't remove chat owner")
# What only an operator can mend.
NOT_ALLOWED = ("not enough rights", "chat_admin_required", "member list is inaccessible", "chat not found",
               "upgraded to a supergroup", "channel_private", "need administrator rights")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """`status` is Telegram's: creator, administrator, member, restricted, left or kicked."""

    status: str
    is_in: bool


class Refusal(Rejected):
    """Telegram's own words for why not."""


@dataclass(slots=True)
class DoorApi:
    """One bot. Safe to share between threads. Every method raises TryLater, Misconfigured or Rejected."""

    api_url: str
    token: str = field(repr=False)
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(timeout=TIMEOUT, verify=trusted(), trust_env=False)

    @property
    def bot_id(self) -> int:
        """The number that the token begins with."""
        return int(self.token.partition(":")[0])

    def title(self, chat_id: int) -> str:
        return str(self._call("getChat", chat_id=chat_id).get("title", ""))

    def count(self, chat_id: int) -> int:
        """How many people are in it, the bot included."""
        return int(self._call("getChatMemberCount", chat_id=chat_id))

    def missing_rights(self, chat_id: int) -> tuple[str, ...]:
        """Which of the rights that are needed the bot does not have there."""
        own = self._call("getChatMember", chat_id=chat_id, user_id=self.bot_id)
        return missing_rights(own)

    def member(self, chat_id: int, user_id: int) -> Member:
        """Somebody whom Telegram does not know there counts as left."""
        try:
            answer = self._call("getChatMember", chat_id=chat_id, user_id=user_id)
        except Refusal as refusal:
            if _says(refusal, UNKNOWN_PERSON):
                return Member("left", is_in=False)
            raise
        return Member(str(answer.get("status", "")), is_in=is_inside(answer))

    def make_link(self, chat_id: int, name: str) -> str:
        """A new link whose users have to be let in; `name` (at most 32 characters) is shown to administrators."""
        made = self._call("createChatInviteLink", chat_id=chat_id, name=name, creates_join_request=True)
        return str(made["invite_link"])

    def revoke_link(self, chat_id: int, link: str) -> None:
        """One that is not valid any more counts as revoked."""
        self._unless(NO_LINK, "revokeChatInviteLink", chat_id=chat_id, invite_link=link)

    def approve(self, chat_id: int, user_id: int) -> bool:
        """Lets in who has asked. False: there is nothing to answer, the person is in or has taken it back."""
        return self._unless(NO_REQUEST, "approveChatJoinRequest", chat_id=chat_id, user_id=user_id)

    def decline(self, chat_id: int, user_id: int) -> bool:
        """False as for `approve`."""
        return self._unless(NO_REQUEST, "declineChatJoinRequest", chat_id=chat_id, user_id=user_id)

    def remove(self, chat_id: int, user_id: int) -> bool:
        """Puts somebody out who may come again: never a ban. False: owners and administrators stay."""
        ignored = COMMANDS + UNKNOWN_PERSON
        return self._unless(ignored, "unbanChatMember", chat_id=chat_id, user_id=user_id, only_if_banned=False)

    def lift_ban(self, chat_id: int, user_id: int) -> None:
        """Nobody who is in is put out by it."""
        ignored = COMMANDS + UNKNOWN_PERSON
        self._unless(ignored, "unbanChatMember", chat_id=chat_id, user_id=user_id, only_if_banned=True)

    def close(self) -> None:
        self._http.close()

    def _unless(self, ignored: tuple[str, ...], method: str, **arguments: Any) -> bool:
        try:
            self._call(method, **arguments)
        except Refusal as refusal:
            if _says(refusal, ignored):
                return False
            raise
        return True

    def _call(self, method: str, **arguments: Any) -> Any:
        try:
            response = self._http.post(f"{self.api_url}/bot{self.token}/{method}", json=arguments)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TryLater(f"Telegram: {method}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise TryLater(f"Telegram: {method}: unreadable answer, status {response.status_code}")
        if response.status_code == 200 and answer.get("ok"):
            return answer.get("result")
        words = f"Telegram: {method}: {response.status_code} {answer.get('description', '')}"[:300]
        if response.status_code == 429:
            raise TryLater(words, after=_retry_after(answer))
        if response.status_code >= 500:
            raise TryLater(words)
        about_chat = response.status_code in (401, 403, 404) or _says(words, NOT_ALLOWED)
        if about_chat and not _says(words, UNKNOWN_PERSON):
            raise Misconfigured(words)
        raise Refusal(words)


def is_inside(member: Any) -> bool:
    """Whether a ChatMember is in the chat."""
    return isinstance(member, dict) and (member.get("status") in INSIDE or member.get("is_member") is True)


def missing_rights(own: Any) -> tuple[str, ...]:
    """Which needed rights a ChatMember lacks."""
    if not isinstance(own, dict) or own.get("status") not in COMMANDING:
        return NEEDED
    return () if own["status"] == "creator" else tuple(right for right in NEEDED if own.get(right) is not True)


def _retry_after(answer: dict[str, Any]) -> float:
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(seconds) if isinstance(seconds, int) and 0 < seconds < 86_400 else 5.0


def _says(error: object, any_of: tuple[str, ...]) -> bool:
    return any(words in str(error).lower() for words in any_of)
