"""What the bot asks Telegram for. Telegram remembers the list of the last call, so it is sent with every one."""

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
