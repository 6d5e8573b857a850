"""Shapes of the objects Telegram sends (Telegram Bot API 10.3, "Available types"), as plain JSON."""

from datetime import datetime
from typing import Any

Json = dict[str, Any]

DEFAULT_EXCLUDED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
MEDIA = ("photo", "document")
SUBSCRIPTION_SECONDS = 2_592_000  # 30 days, the only period there is (createInvoiceLink)


def user(user_id: int, profile: Json) -> Json:
    """User: `profile` gives first_name and optionally last_name, username and language_code."""
    names = ("first_name", "last_name", "username", "language_code")
    return {"id": user_id, "is_bot": False, **{name: profile[name] for name in names if profile.get(name)}}


def bot_user(bot_id: int, username: str) -> Json:
    """The bot as the sender of its messages."""
    return {"id": bot_id, "is_bot": True, "first_name": "Kiosk", "username": username}


def me(bot: Json) -> Json:
    """The answer of getMe."""
    return {
        **bot, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
        "can_connect_to_business": False, "has_main_web_app": False, "has_topics_enabled": False,
        "allows_users_to_create_topics": False, "can_manage_bots": False,
    }  # fmt: skip


def private_chat(person: Json) -> Json:
    """Chat with one user; its id is the user's."""
    names = ("first_name", "last_name", "username")
    return {"id": person["id"], "type": "private", **{n: person[n] for n in names if n in person}}


def full_chat(person: Json) -> Json:
    """ChatFullInfo, the answer of getChat."""
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return {
        **private_chat(person),
        "accent_color_id": person["id"] % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, True),
        "active_usernames": [person["username"]] if "username" in person else [],
    }


def message(message_id: int, sender: Json, chat: Json, date: datetime, content: Json) -> Json:
    """Message with the given content (text, photo, document, contact ...)."""
    head = {"message_id": message_id, "from": sender, "chat": chat, "date": int(date.timestamp())}
    return {**head, **content}


def callback_query(query_id: str, sender: Json, tapped: Json, data: str) -> Json:
    """CallbackQuery: `sender` has tapped a button with `data` under the message `tapped`."""
    return {
        "id": query_id, "from": sender, "message": tapped, "chat_instance": str(sender["id"] * 7919), "data": data,
    }  # fmt: skip


def my_chat_member(sender: Json, bot: Json, date: datetime, *, blocked: bool) -> Json:
    """ChatMemberUpdated: the user has blocked the bot, or let it in again."""
    member = {"user": bot, "status": "member"}
    kicked = {"user": bot, "status": "kicked", "until_date": 0}
    return {
        "chat": private_chat(sender), "from": sender, "date": int(date.timestamp()),
        "old_chat_member": member if blocked else kicked, "new_chat_member": kicked if blocked else member,
    }  # fmt: skip


def pre_checkout_query(query_id: str, sender: Json, invoice: Json) -> Json:
    """PreCheckoutQuery: `sender` is about to pay."""
    return {
        "id": query_id, "from": sender, "currency": "XTR", "total_amount": invoice["amount"],
        "invoice_payload": invoice["payload"],
    }  # fmt: skip


def successful_payment(charge: Json) -> Json:
    """SuccessfulPayment for a charge of `stars.charge`."""
    payment = {
        "currency": "XTR", "total_amount": charge["amount"], "invoice_payload": charge["payload"],
        "telegram_payment_charge_id": charge["id"], "provider_payment_charge_id": charge["provider_id"],
    }  # fmt: skip
    if "until" in charge:
        payment |= {"subscription_expiration_date": charge["until"], "is_recurring": True}
    return {**payment, "is_first_recurring": True} if charge.get("first") else payment


def refunded_payment(charge: Json) -> Json:
    """RefundedPayment."""
    return {
        "currency": "XTR", "total_amount": charge["amount"], "invoice_payload": charge["payload"],
        "telegram_payment_charge_id": charge["id"], "provider_payment_charge_id": charge["provider_id"],
    }  # fmt: skip


def star_transaction(charge: Json, user: Json, date: datetime, *, refund: bool) -> Json:
    """StarTransaction of a paid invoice, or of its refund, which has the same id."""
    partner = {
        "type": "user", "transaction_type": "invoice_payment", "user": user, "invoice_payload": charge["payload"],
    }  # fmt: skip
    if "until" in charge:
        partner["subscription_period"] = SUBSCRIPTION_SECONDS
    side = "receiver" if refund else "source"
    return {"id": charge["id"], "amount": charge["amount"], "date": int(date.timestamp()), side: partner}


def kind_of(update: Json) -> str:
    """Type of an update: the name of its only field besides update_id ("" for a malformed one)."""
    return next((name for name in update if name != "update_id"), "")


def chat_of(update: Json) -> int:
    """The chat an update belongs to (0 if none): updates of one chat are delivered in order."""
    payload = update.get(kind_of(update))
    if not isinstance(payload, dict):
        return 0
    for holder in (payload.get("chat"), payload.get("from"), payload.get("user")):
        if isinstance(holder, dict) and isinstance(holder.get("id"), int):
            return int(holder["id"])
    return 0


def is_bot_message(stored: Json) -> bool:
    """Whether the bot has sent it, and so may edit it."""
    return bool(stored["from"]["is_bot"])
