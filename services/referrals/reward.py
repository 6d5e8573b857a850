"""The reward for an invitation: to both sides, for the invited person's first payment with money from outside, once,
and back again with that payment. A second payment never rewards, also when the first one went back.

Everything about one invited person happens under the lock of their referral; whatever gives days to somebody, under
`take_turns` of that person: a reward and the subscription that it waits for cannot miss each other."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import billing, ledger, subscriptions
from services.identity import Party
from services.platform.money import Money
from services.platform.outbox import emit
from services.referrals.events import RewardChanged
from services.referrals.links import referral_of
from services.referrals.models import ReferralRow, RewardRow
from services.referrals.terms import Reward, Terms

KIND = "referral_reward"  # billing reverses it when the payment goes back


def reward_first_payment(tx: Session, event: billing.InvoicePaid, terms: Terms, now: datetime) -> None:
    """The same news again, or news of a later payment, changes nothing."""
    referral = _touched(tx, event.party, event.invoice_id, now)
    if referral is None:
        return
    referral.state, referral.invoice_id, referral.paid_at = "paid", event.invoice_id, now
    sold = billing.invoice(tx, event.invoice_id)
    paid = billing.any_payment(tx, event.payment_id).received or sold.amount
    sides = (("inviter", referral.inviter_id, terms.inviter), ("invited", referral.invited_id, terms.invited))
    take_turns(tx, referral.inviter_id, referral.invited_id)
    entries: list[ledger.Entry] = []
    for side, user_id, reward in sides:
        money = reward.money(paid)
        if reward.days is None and money is None:
            continue
        row = _write(tx, referral, side, user_id, reward, money, sold.quote.product, now)
        if money is not None:
            entries += _entries(Party("user", user_id), money)
        else:
            _give_days(tx, row, now)
        _announce(tx, row, now)
    if entries:
        ledger.post(tx, kind=KIND, reference=f"invoice:{event.invoice_id}", entries=entries, now=now)


def give_pending(tx: Session, event: subscriptions.SubscriptionExtended, now: datetime) -> None:
    """Days that waited for their owner to have a subscription."""
    party = Party.parse(event.party)
    if party.kind != "user":
        return
    take_turns(tx, party.id)
    waiting = select(RewardRow).where(RewardRow.user_id == party.id, RewardRow.state == "pending")
    for row in tx.scalars(waiting.order_by(RewardRow.id)):
        _give_days(tx, row, now)
        if row.state == "given":
            _announce(tx, row, now)


def take_back(tx: Session, event: billing.PaymentRefunded, now: datetime) -> None:
    """All of the first payment has gone back: so does what it brought. One that comes before the reward makes sure that
    there will be none."""
    if not (event.full and event.applied):
        return
    party = Party.parse(event.party)
    referral = referral_of(tx, party.id, now) if party.kind == "user" else None
    if referral is None or referral.state == "refunded":
        return
    if referral.invoice_id is None and billing.first_bought(tx, party) == event.invoice_id:
        referral.invoice_id, referral.paid_at = event.invoice_id, now
    if referral.invoice_id != event.invoice_id:
        return
    referral.state = "refunded"
    take_turns(tx, referral.inviter_id, referral.invited_id)
    rows = select(RewardRow).where(RewardRow.invited_id == referral.invited_id).order_by(RewardRow.id)
    for row in tx.scalars(rows.execution_options(populate_existing=True)):
        if row.state == "given" and row.days:
            subscriptions.take_back(tx, row.reference, cause="refund", now=now)
        row.state, row.changed_at = "taken_back", now
        _announce(tx, row, now)
    billing.reverse_rewards(tx, event, now)  # its own reaction may have come before the reward was booked


def take_turns(tx: Session, *user_ids: int) -> None:
    """Whoever gives these people days waits for each other; always in the order of their ids."""
    for user_id in sorted(user_ids):
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"referral:{user_id}", 0))))


def _touched(tx: Session, owner: str, invoice_id: int, now: datetime) -> ReferralRow | None:
    """The referral, where this is the invited person's first payment and nothing has come of one yet."""
    party = Party.parse(owner)
    if party.kind != "user":
        return None
    referral = referral_of(tx, party.id, now)
    if referral is None or referral.invoice_id is not None or billing.first_bought(tx, party) != invoice_id:
        return None
    return referral


def _write(
    tx: Session,
    referral: ReferralRow,
    side: str,
    user_id: int,
    reward: Reward,
    money: Money | None,
    product: str,
    now: datetime,
) -> RewardRow:
    row = RewardRow(
        invited_id=referral.invited_id,
        side=side,
        user_id=user_id,
        days=reward.days,
        minor=money.minor if money else None,
        currency=money.currency if money else None,
        product=product,
        state="given" if money else "pending",
        changed_at=now,
    )
    tx.add(row)
    tx.flush()
    return row


def _entries(party: Party, money: Money) -> list[ledger.Entry]:
    if money.currency == "BONUS":
        return [ledger.Entry("promotions:bonus", money), ledger.Entry(f"bonus:{party}", -money)]
    return [ledger.Entry("promotions:referral", money), ledger.Entry(f"wallet:{party}", -money)]


def _give_days(tx: Session, row: RewardRow, now: datetime) -> None:
    """To a live subscription of the product that was bought, or else to another one; waits where there is none."""
    party = Party("user", row.user_id)
    live = [one.product for one in subscriptions.subscriptions_of(tx, party) if one.is_live]
    for product in sorted(live, key=lambda one: one != row.product):
        span = timedelta(days=row.days or 0)
        given = subscriptions.give_days(tx, party, product, span, reference=row.reference, cause="referral", now=now)
        if given is not None:
            row.state, row.changed_at = "given", now
            return


def _announce(tx: Session, row: RewardRow, now: datetime) -> None:
    emit(tx, RewardChanged(reward_id=row.id, party=f"user:{row.user_id}", state=row.state), now)
