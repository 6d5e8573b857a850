"""Private channels and groups of Telegram: who may be let in, who is in, and what the bot may do there."""
