"""What a refund would do is what it does, and showing it does nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import billing, ledger, reporting
from services.platform.money import Money
from tests.world import Kiosk, MakeKiosk


def preview(kiosk: Kiosk, payment_id: int, **how: object) -> reporting.RefundPreview:
    with kiosk.kit.db.begin() as tx:
        provider = kiosk.kit.providers["yookassa"]
        return reporting.preview_refund(tx, provider, payment_id, now=kiosk.now, **how)  # type: ignore[arg-type]


def rub(text: str) -> Money:
    return Money.parse(text, "RUB")


@pytest.mark.parametrize(
    ("how", "access"),
    [({}, "shorten"), ({"amount": rub("100.00")}, "keep"), ({"amount": rub("100.00"), "access": "shorten"}, "shorten")],
)
def test_the_end_that_is_shown_is_the_end_that_comes(kiosk: Kiosk, how: dict[str, object], access: str) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    kiosk.pass_time(timedelta(days=5), step=timedelta(days=1))
    shown = preview(kiosk, sold, **how)
    before = kiosk.scalar("SELECT ends_at FROM subscriptions")
    assert (shown.plan.access, kiosk.count("refunds"), kiosk.count("audit_log")) == (access, 0, 0)
    kiosk.refund(sold, **how)
    kiosk.drain()
    after = kiosk.scalar("SELECT ends_at FROM subscriptions")
    if access == "keep":
        assert (shown.ends_at, shown.would_end_at, after) == (None, None, before)
    else:
        assert shown.ends_at == before
        assert shown.would_end_at is not None
        assert abs(shown.would_end_at - after) < timedelta(minutes=1)
        assert after < before


def test_rewards_go_back_only_with_all_of_the_money(kiosk: Kiosk) -> None:
    checkout = kiosk.buy(kiosk.person())
    entries = [ledger.Entry("expense:referrals", rub("30.00")), ledger.Entry("wallet:user:9", -rub("30.00"))]
    with kiosk.kit.db.begin() as tx:
        reference = f"invoice:{checkout.invoice_id}"
        ledger.post(tx, kind="referral_reward", reference=reference, entries=entries, now=kiosk.now)
    assert preview(kiosk, checkout.payment_id).rewards == (("wallet:user:9", rub("30.00")),)
    assert preview(kiosk, checkout.payment_id, amount=rub("298.99")).rewards == ()


def test_the_fiscal_receipt_is_announced_where_one_is_made(make_kiosk: MakeKiosk) -> None:
    with make_kiosk(FISCAL_EMAIL="receipts@example.com") as kiosk:
        sold = kiosk.buy(kiosk.person()).payment_id
        assert preview(kiosk, sold).plan.fiscal
        assert not preview(kiosk, sold, destination="balance").plan.fiscal


def test_what_cannot_be_refunded_cannot_be_shown(kiosk: Kiosk) -> None:
    checkout = kiosk.checkout(kiosk.person())
    with pytest.raises(billing.NotRefundable):
        preview(kiosk, checkout.payment_id)
