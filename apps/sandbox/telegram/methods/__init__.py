"""The methods of the Bot API this sandbox stands in for, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.methods import channels, delivery, edits, messages, payments, profile
from apps.sandbox.telegram.world import World

Method = Callable[[World, dict[str, Any], Mapping[str, Upload]], Awaitable[Any]]

METHODS: dict[str, Method] = {
    "getUpdates": delivery.get_updates,
    "setWebhook": delivery.set_webhook,
    "deleteWebhook": delivery.delete_webhook,
    "getWebhookInfo": delivery.get_webhook_info,
    "getMe": profile.get_me,
    "getChat": profile.get_chat,
    "getChatMember": channels.get_chat_member,
    "getChatAdministrators": channels.get_chat_administrators,
    "getChatMemberCount": channels.get_chat_member_count,
    "createChatInviteLink": channels.create_chat_invite_link,
    "revokeChatInviteLink": channels.revoke_chat_invite_link,
    "approveChatJoinRequest": channels.approve_chat_join_request,
    "declineChatJoinRequest": channels.decline_chat_join_request,
    "banChatMember": channels.ban_chat_member,
    "unbanChatMember": channels.unban_chat_member,
    "getFile": profile.get_file,
    "setMyCommands": profile.set_my_commands,
    "getMyCommands": profile.get_my_commands,
    "setMyDescription": profile.set_my_description,
    "getMyDescription": profile.get_my_description,
    "setMyShortDescription": profile.set_my_short_description,
    "getMyShortDescription": profile.get_my_short_description,
    "sendMessage": messages.send_message,
    "sendPhoto": messages.send_photo,
    "sendDocument": messages.send_document,
    "sendMediaGroup": messages.send_media_group,
    "sendChatAction": messages.send_chat_action,
    "answerCallbackQuery": messages.answer_callback_query,
    "editMessageText": edits.edit_message_text,
    "editMessageCaption": edits.edit_message_caption,
    "editMessageMedia": edits.edit_message_media,
    "editMessageReplyMarkup": edits.edit_message_reply_markup,
    "deleteMessage": edits.delete_message,
    "sendInvoice": payments.send_invoice,
    "createInvoiceLink": payments.create_invoice_link,
    "answerPreCheckoutQuery": payments.answer_pre_checkout_query,
    "refundStarPayment": payments.refund_star_payment,
    "editUserStarSubscription": payments.edit_user_star_subscription,
    "getStarTransactions": payments.get_star_transactions,
    "getMyStarBalance": payments.get_my_star_balance,
}

# Calls that Telegram's flood control counts.
COUNTED = frozenset(name for name in METHODS if name.startswith(("send", "editMessage"))) - {"sendChatAction"}
