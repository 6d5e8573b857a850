"""Shop receipts into cashback: a picture is read, judged by the rules of campaigns, looked at by a person where nothing
confirms it, and what it earns is paid once."""

from services.receipts import rules

__all__ = ["rules"]
