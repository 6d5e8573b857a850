"""Bought by one person, claimed by another.

A paid invoice whose purpose is "gift" becomes a gift with a code; whoever brings the code claims it, once, and has the
days as if they had paid. What nobody claims in time goes to the buyer's balance; a refund cancels it, or takes its days
back. The code is kept sealed: its buyer may see it again, nobody else may."""

from services.gifts.buy import create_after_payment, quote
from services.gifts.claim import claim, look_up
from services.gifts.errors import GiftNotFound, GiftOver, GiftTaken
from services.gifts.events import GiftBought, GiftClaimed, GiftExpired, GiftTakenBack
from services.gifts.lapse import expire, follow_refund
from services.gifts.views import Code, Gift, all_gifts, code_of, gift, gifts_of, own_gift

__all__ = [
    "Code",
    "Gift",
    "GiftBought",
    "GiftClaimed",
    "GiftExpired",
    "GiftNotFound",
    "GiftOver",
    "GiftTaken",
    "GiftTakenBack",
    "all_gifts",
    "claim",
    "code_of",
    "create_after_payment",
    "expire",
    "follow_refund",
    "gift",
    "gifts_of",
    "look_up",
    "own_gift",
    "quote",
]
