"""Promo codes: what they give, to whom, how often.

A code takes something off a price (percent, fixed) or gives something: tokens, days, a trial. Its limits count what was
paid, and what is about to be: opening an invoice reserves a use until the invoice's time is over (`reserve`), paying
makes it a used one (`note_paid`). A reservation lapses by time alone. What was promised on an invoice is kept, even
beyond the limit. A refund does not give a use back. Codes that need no purchase are used at once (`take`); what they
give is carried out by the services above."""

from services.promotions.appraise import Deal, Purchase, appraise, deal, require_valid
from services.promotions.codes import GIFTS, KINDS, PromoCode, code_of_invoice, find, normal
from services.promotions.define import (
    FIELDS,
    BadPromo,
    Standing,
    create,
    deactivate,
    import_codes,
    standing,
    standings,
    written,
)
from services.promotions.discount import discounted
from services.promotions.errors import (
    REFUSALS,
    PromoBelowMinimum,
    PromoNeedsPurchase,
    PromoNotForPayment,
    PromoNotForTariff,
    PromoNotForYou,
    PromoNotYet,
    PromoOver,
    PromoRefused,
    PromoUnknown,
    PromoUsedByYou,
    PromoUsedUp,
    PromoWithoutPurchase,
    TooManyGuesses,
)
from services.promotions.pending import enter, forget, pending, purge
from services.promotions.uses import note_paid, open_orders, require_left, reserve, take

__all__ = [
    "FIELDS",
    "GIFTS",
    "KINDS",
    "REFUSALS",
    "BadPromo",
    "Deal",
    "PromoBelowMinimum",
    "PromoCode",
    "PromoNeedsPurchase",
    "PromoNotForPayment",
    "PromoNotForTariff",
    "PromoNotForYou",
    "PromoNotYet",
    "PromoOver",
    "PromoRefused",
    "PromoUnknown",
    "PromoUsedByYou",
    "PromoUsedUp",
    "PromoWithoutPurchase",
    "Purchase",
    "Standing",
    "TooManyGuesses",
    "appraise",
    "code_of_invoice",
    "create",
    "deactivate",
    "deal",
    "discounted",
    "enter",
    "find",
    "forget",
    "import_codes",
    "normal",
    "note_paid",
    "open_orders",
    "pending",
    "purge",
    "require_left",
    "require_valid",
    "reserve",
    "standing",
    "standings",
    "take",
    "written",
]
