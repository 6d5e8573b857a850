"""Why a payment did not work, in people's words. The list of reasons is open (source: YooKassa,
cancellation_details.reason); an unknown one gets the general sentence."""

from __future__ import annotations

from services.platform.i18n import Language


def explain(_: Language, reason: str | None) -> str:
    """One sentence, HTML."""
    match reason:
        case "insufficient_funds":
            return _("There is not enough money on the card.")
        case "3d_secure_failed":
            return _("The bank did not receive the confirmation code.")
        case "card_expired":
            return _("The card has expired.")
        case "invalid_card_number" | "invalid_csc":
            return _("The card's number or code was mistyped.")
        case "call_issuer" | "general_decline" | "payment_method_restricted" | "country_forbidden":
            return _("The bank declined the payment. Another card may work, or a call to the bank.")
        case "payment_method_limit_exceeded":
            return _("The card's limit for payments is used up.")
        case "issuer_unavailable" | "internal_timeout" | "no_answer":
            return _("The bank did not answer in time.")
        case "fraud_suspected" | "identification_required":
            return _("The payment system did not let this payment through. Please try another card.")
        case "expired_on_confirmation":
            return _("The time for this payment is over.")
        case _:
            return _("The payment did not go through.")
