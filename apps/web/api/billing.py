"""Payments: open one, try again, look at it, give money back."""

from __future__ import annotations

from typing import Any

from apps.web import webhooks
from apps.web.api.billing_shapes import (
    Create,
    OnePayment,
    OnePaymentOf,
    Payment,
    PaymentOpened,
    Refund,
    RefundAsked,
    RefundPlanned,
    Retry,
)
from apps.web.bodies import TooLarge
from apps.web.contract import Call, Door, Endpoint, Nothing
from services import billing, catalog, identity, promotions, provisioning
from services.billing import PaymentProvider
from services.identity import Party
from services.kit import Kit
from services.ledger import Insufficient
from services.platform.errors import NotFound, TryLater
from services.platform.i18n import language


def create(call: Call[Nothing, Create]) -> PaymentOpened:
    kit, asked = call.kit, call.body
    provider = _provider(kit, asked.provider)
    with kit.db.begin() as tx:
        buyer = identity.user(tx, asked.user_id)
        tariff = catalog.tariff(tx, asked.tariff)
    opened = billing.checkout(
        kit.db,
        provider,
        party=buyer.party,
        tariff=tariff.slug,
        description=buyer.language.own(tariff.name)[:128],
        return_url=asked.return_url or _home(kit),
        now=call.now,
        reference=call.reference,
        promo=asked.promo_code,
        may_sell=_in_stock(call, buyer.party),
    )
    return _opened(kit, opened)


def retry(call: Call[OnePayment, Retry]) -> PaymentOpened:
    kit, asked = call.kit, call.body
    with kit.db.begin() as tx:
        earlier = billing.any_payment(tx, call.parameters.payment_id)
        sold = billing.invoice(tx, earlier.invoice_id).quote
        speaks = identity.user(tx, earlier.party.id).language if earlier.party.kind == "user" else language(None)
    opened = billing.retry(
        kit.db,
        kit.providers,
        party=earlier.party,
        payment_id=earlier.id,
        provider=asked.provider,
        description=speaks.own(sold.name)[:128],
        return_url=asked.return_url or _home(kit),
        now=call.now,
        reference=call.reference,
        may_sell=_in_stock(call, earlier.party),
    )
    return _opened(kit, opened)


def show(call: Call[OnePaymentOf, None]) -> Payment:
    asked = call.parameters
    with call.kit.db.begin() as tx:
        if asked.user_id is None:
            payment = billing.any_payment(tx, asked.payment_id)
        else:
            payment = billing.payment(tx, Party("user", asked.user_id), asked.payment_id)
        return Payment.of(payment, billing.invoice(tx, payment.invoice_id), billing.refunds_of(tx, payment.id))


def refund(call: Call[OnePayment, RefundAsked]) -> Refund | RefundPlanned:
    asked = call.body
    amount = asked.amount.money if asked.amount else None
    with call.kit.db.begin() as tx:
        paid = billing.any_payment(tx, call.parameters.payment_id)
        provider = call.kit.providers.get(paid.provider)
        if provider is None:
            raise billing.ProviderOff(paid.provider)
        if asked.dry_run:
            plan = billing.plan_refund(
                tx, provider, paid.id, amount=amount, access=asked.access, destination=asked.destination
            )
            return RefundPlanned.of(plan)
        refund_id = billing.request_refund(
            tx,
            provider,
            paid.id,
            amount=amount,
            access=asked.access,
            destination=asked.destination,
            reason=asked.reason,
            actor=call.caller.actor,
            now=call.now,
            reference=call.reference,
        )
        return Refund.of(billing.refund(tx, refund_id))


def _in_stock(call: Call[Any, Any], buyer: Party) -> billing.MaySell:
    """Raises SoldOut where it would be sold and not given."""
    provisioners, now = call.kit.provisioners, call.now
    return lambda tx, sold: provisioning.require_stock(tx, provisioners, sold, buyer, now)


def _provider(kit: Kit, code: str | None) -> PaymentProvider:
    """The one asked for, or the first that has a page to pay on. Raises ProviderOff."""
    paged = [one.code for one in kit.providers.values() if billing.Capability.PAGE in one.capabilities]
    chosen = kit.providers.get(code or next(iter(paged), ""))
    if chosen is None:
        raise billing.ProviderOff("not configured")
    return chosen


def _home(kit: Kit) -> str:
    return kit.settings.public_url or kit.settings.telegram_link_url


def _opened(kit: Kit, opened: billing.Checkout) -> PaymentOpened:
    with kit.db.begin() as tx:
        payment = billing.any_payment(tx, opened.payment_id)
        return PaymentOpened.of(payment, billing.invoice(tx, opened.invoice_id))


CONTRACT = (
    Endpoint(
        method="POST",
        path="/api/v1/payments/create",
        name="create_payment",
        summary="Open a payment for a tariff",
        description="Without an Idempotency-Key, asking again for the same thing gives the same payment for most of an "
        "hour. After `checkout_failed` send the same call with the same key again: it goes on where it was.",
        scope="payments",
        run=create,
        body=Create,
        answers={201: PaymentOpened},
        errors={
            409: (provisioning.SoldOut,),
            422: (
                identity.UserNotFound,
                catalog.TariffNotFound,
                catalog.NotForSale,
                billing.ProviderOff,
                billing.PaymentDeclined,
                *promotions.REFUSALS,
            ),
            503: (billing.CheckoutFailed,),
        },
        once=True,
        waits=True,
    ),
    Endpoint(
        method="POST",
        path="/api/v1/payments/{payment_id}/retry",
        name="retry_payment",
        summary="Try again to pay the same thing at the same price",
        description="A new payment for the invoice of an earlier one, by the same provider or by another one of the "
        "same currency, while the invoice is open.",
        scope="payments",
        run=retry,
        parameters=OnePayment,
        body=Retry,
        answers={201: PaymentOpened},
        errors={
            404: (billing.PaymentNotFound,),
            409: (billing.InvoiceClosed, provisioning.SoldOut),
            422: (catalog.NotForSale, billing.ProviderOff, billing.PaymentDeclined),
            503: (billing.CheckoutFailed,),
        },
        once=True,
        waits=True,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/payments/{payment_id}",
        name="show_payment",
        summary="Look at a payment",
        scope="payments",
        run=show,
        parameters=OnePaymentOf,
        answers={200: Payment},
        errors={404: (billing.PaymentNotFound,)},
    ),
    Endpoint(
        method="POST",
        path="/api/v1/payments/{payment_id}/refund",
        name="refund_payment",
        summary="Give money back",
        description="The money goes back in the background: look at the payment's `refunds`. With `dry_run` nothing "
        "happens, and the answer is what would.",
        scope="payments:refund",
        run=refund,
        parameters=OnePayment,
        body=RefundAsked,
        answers={200: RefundPlanned, 201: Refund},
        errors={
            404: (billing.PaymentNotFound,),
            409: (billing.NotRefundable, Insufficient),
            422: (billing.BadRefundAmount, billing.CannotRefund, billing.ProviderOff),
        },
        once=True,
    ),
    Door(
        method="POST",
        path="/api/v1/payments/webhook",
        name="notify",
        summary="For YooKassa's notifications",
        description="The same as /webhooks/yookassa. Nothing in a notification is believed: YooKassa is asked.",
        serve=webhooks.yookassa,
        errors=(billing.BadNotification, TooLarge, NotFound, TryLater),
    ),
)
