"""Why a payment did not work, in people's words. The list of reasons is open; an unknown one gets the general sentence.

Sources: YooKassa, cancellation_details.reason; the words of our adapters to Robokassa, Stars and the balance; our own
(billing) for what never reached a provider."""

from __future__ import annotations

from services.platform.i18n import Language


def explain(_: Language, reason: str | None) -> str:
    """One sentence or two, HTML."""
    match reason:
        case "insufficient_funds":
            return _("There is not enough money on the card.")
        case "insufficient_balance":
            return _("There is not enough money on your balance.")
        case "3d_secure_failed":
            return _("The bank did not receive the confirmation code.")
        case "card_expired":
            return _("The card has expired.")
        case "invalid_card_number" | "invalid_csc":
            return _("The card's number or code was mistyped.")
        case "call_issuer" | "general_decline" | "payment_method_restricted" | "country_forbidden" | "card_refused":
            return _("The bank declined the payment. Another card may work, or a call to the bank.")
        case "payment_method_limit_exceeded":
            return _("The card's limit for payments is used up.")
        case "issuer_unavailable" | "internal_timeout" | "rejected_by_timeout":
            return _("The bank did not answer in time.")
        case "no_answer":
            return _("The payment system did not answer in time.")
        case "fraud_suspected" | "identification_required":
            return _("The payment system did not let this payment through. Please try another card.")
        case "unsupported_mobile_operator":
            return _("This mobile operator cannot be used for payments here.")
        case _other:
            return _of_our_side(_, reason)


def why_undecided(_: Language, reason: str | None) -> str:
    """Why money waits for an operator: part of a sentence."""
    match reason:
        case "late":
            return _("it came after the invoice had expired")
        case "double":
            return _("the invoice had been paid already")
        case _other:
            return _("it is not the amount that was asked for")


def _of_our_side(_: Language, reason: str | None) -> str:
    """Nobody's bank said no."""
    match reason:
        case "expired_on_confirmation" | "expired_on_capture":
            return _("The time for this payment is over.")
        case "canceled" | "canceled_by_merchant" | "deal_expired":
            return _("The payment was canceled.")
        case "returned_to_buyer":
            return _("The payment system has given the money back to you.")
        case "permission_revoked" | "card_forgotten":
            return _("The card may no longer be charged: you took the permission back.")
        case "invoice_closed":
            return _("The price of that time no longer holds.")
        case _other:
            return _("The payment did not go through.")
