"""Bank cards of the sandbox, and how the objects of YooKassa describe them."""

import random
from typing import Any

REASONS = {
    "3d_secure_failed": "не пройдена проверка 3-D Secure",
    "call_issuer": "банк отклонил платёж, причина неизвестна",
    "card_expired": "истёк срок действия карты",
    "payment_method_limit_exceeded": "исчерпан лимит карты",
    "payment_method_restricted": "операции по карте запрещены",
    "country_forbidden": "карта этой страны не принимается",
    "general_decline": "причина не указана",
    "fraud_suspected": "подозрение на мошенничество",
    "identification_required": "кошелёк не идентифицирован",
    "insufficient_funds": "не хватает денег",
    "invalid_card_number": "неверный номер карты",
    "invalid_csc": "неверный код CVC",
    "issuer_unavailable": "банк недоступен",
    "permission_revoked": "покупатель запретил автоплатежи",
    "internal_timeout": "технические неполадки ЮKassa",
    "unsupported_mobile_operator": "оператор связи не поддерживается",
}
# Who decides: everything which is not listed is decided by the payment network.
_BY_YOOKASSA = {"country_forbidden", "fraud_suspected", "identification_required", "internal_timeout"}
_BY_MERCHANT = {"canceled_by_merchant", "permission_revoked"}
REFUND_REASONS = ("insufficient_funds", "general_decline", "rejected_by_payee", "yoo_money_account_closed")

GOOD_CARD = "5555555555554477"
# YooKassa's own test cards which are always declined (MasterCard numbers of its testing page).
BAD_CARDS = {
    "5555555555554592": "3d_secure_failed",
    "5555555555554535": "call_issuer",
    "5555555555554543": "card_expired",
    "5555555555554568": "fraud_suspected",
    "5555555555554527": "general_decline",
    "5555555555554600": "insufficient_funds",
    "5555555555554618": "invalid_card_number",
    "5555555555554626": "invalid_csc",
    "5555555555554501": "issuer_unavailable",
    "5555555555554576": "payment_method_limit_exceeded",
    "5555555555554550": "payment_method_restricted",
    "5555555555554584": "country_forbidden",
}


def cancellation(reason: str) -> dict[str, str]:
    """`cancellation_details` of a payment."""
    party = "payment_network"
    if reason in _BY_YOOKASSA or reason.startswith("expired_on"):
        party = "yoo_money"
    elif reason in _BY_MERCHANT:
        party = "merchant"
    return {"party": party, "reason": reason}


def payment_method(method_id: str, number: str, *, saved: bool) -> dict[str, Any]:
    """`payment_method` of a payment by card."""
    kind = {"2": "Mir", "4": "Visa", "5": "MasterCard"}.get(number[:1], "Unknown")
    return {
        "type": "bank_card",
        "id": method_id,
        "saved": saved,
        "status": "active" if saved else "inactive",
        "title": f"Bank card *{number[-4:]}",
        "card": {
            "first6": number[:6],
            "last4": number[-4:],
            "expiry_year": "2030",
            "expiry_month": "12",
            "card_type": kind,
            "card_product": {"code": "E"},
            "issuer_country": "RU",
        },
    }


def authorization(*, by_buyer: bool) -> dict[str, Any]:
    """`authorization_details`: 3-D Secure is applied only when the buyer is there."""
    return {
        "rrn": f"{random.randrange(10**12):012}",
        "auth_code": f"{random.randrange(10**6):06}",
        "three_d_secure": {"applied": by_buyer, "method_completed": False, "challenge_completed": by_buyer},
    }
