"""Codes that need no purchase: tokens, days and trials at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services import catalog, ledger, promotions, subscriptions
from services.identity import Party
from services.platform.crypto import Cipher
from services.platform.db import Database
from services.promotions.models import PromoUseRow
from services.subscriptions import Redeemed
from tests.factories import at_once, make_paid_invoice, make_tariff, make_user, tariff_toml

CIPHER = Cipher("a secret for tests, long enough")
NEW = frozenset({"all", "new"})


def make(tx: Session, now: datetime, code: str = "GIFT", **given: str) -> None:
    promotions.create(tx, {"code": code} | given, actor="console:test", now=now)


def redeemed(tx: Session, now: datetime, party: Party, code: str = "gift") -> Redeemed:
    return subscriptions.redeem(tx, CIPHER, party, code, NEW, now)


def tokens(tx: Session, party: Party) -> int:
    return -ledger.balance(tx, f"bonus:{party}", "BONUS").minor


def used(tx: Session) -> int:
    return int(tx.scalar(select(func.count()).select_from(PromoUseRow)) or 0)


def buy(tx: Session, now: datetime, party: Party, slug: str = "vpn-1m") -> subscriptions.Subscription:
    subscriptions.extend_after_payment(tx, make_paid_invoice(tx, now, party, slug), now)
    tx.flush()
    return next(one for one in subscriptions.subscriptions_of(tx, party) if one.terms.tariff == slug)


@pytest.fixture
def anna(tx: Session, now: datetime) -> Party:
    make_tariff(tx, now)
    return make_user(tx, now).party


def test_tokens_come_at_once_and_once_for_a_person(tx: Session, now: datetime, anna: Party) -> None:
    make(tx, now, kind="bonus_tokens", value="50")
    redeemed(tx, now, anna)
    assert tokens(tx, anna) == 50
    with pytest.raises(promotions.PromoUsedByYou):
        redeemed(tx, now, anna)
    assert tokens(tx, anna) == 50


def test_days_are_added_to_what_is_live(tx: Session, now: datetime, anna: Party) -> None:
    make(tx, now, kind="free_days", value="7")
    before = buy(tx, now, anna)
    gift = redeemed(tx, now, anna).subscription
    assert gift is not None
    assert (gift.id, gift.ends_at - before.ends_at) == (before.id, timedelta(days=7))


def test_days_without_a_subscription_use_nothing(tx: Session, now: datetime, anna: Party) -> None:
    make(tx, now, kind="free_days", value="7")
    with pytest.raises(subscriptions.PromoNeedsSubscription), tx.begin_nested():
        redeemed(tx, now, anna)
    assert used(tx) == 0


def test_days_go_to_the_subscription_that_ends_first_among_the_fitting(tx: Session, now: datetime, anna: Party) -> None:
    for slug, days in (("one", 10), ("two", 20), ("three", 5)):
        toml = tariff_toml(slug, period=f"{{days = {days}}}").replace('product = "vpn"', f'product = "{slug}"')
        catalog.import_catalogue(tx, toml, now)
        buy(tx, now, anna, slug)
    make(tx, now, kind="free_days", value="7", tariffs="one two")
    gift = redeemed(tx, now, anna).subscription
    assert gift is not None
    assert gift.terms.tariff == "one"


def test_a_trial_code_begins_the_trial_and_nobody_has_two(tx: Session, now: datetime, anna: Party) -> None:
    catalog.import_catalogue(tx, tariff_toml("vpn-try", period="{days = 3}", more='audience = "trial"'), now)
    make(tx, now, kind="trial", value="vpn-try")
    make(tx, now, code="GIFT2", kind="trial", value="vpn-try")
    gift = redeemed(tx, now, anna).subscription
    assert gift is not None
    assert (gift.state, gift.ends_at) == ("trial", now + timedelta(days=3))
    with pytest.raises(subscriptions.TrialUsed), tx.begin_nested():
        redeemed(tx, now, anna, "GIFT2")
    assert used(tx) == 1, "the second code was not used up"


def test_what_needs_a_purchase_is_not_given_without_one(tx: Session, now: datetime, anna: Party) -> None:
    make(tx, now, kind="bonus_tokens", value="50", needs_purchase="yes")
    make(tx, now, code="PERCENT", kind="percent", value="50")
    for code in ("GIFT", "PERCENT"):
        with pytest.raises(promotions.PromoNeedsPurchase):
            redeemed(tx, now, anna, code)
    assert (tokens(tx, anna), used(tx)) == (0, 0)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"valid_until": "2026-11-21T12:00Z"}, promotions.PromoOver),
        ({"valid_from": "2026-11-22"}, promotions.PromoNotYet),
        ({"audience": "existing"}, promotions.PromoNotForYou),
        ({"active": "no"}, promotions.PromoOver),
    ],
)
def test_the_rules_hold_here_too(
    tx: Session, now: datetime, anna: Party, given: dict[str, str], refusal: type[promotions.PromoRefused]
) -> None:
    make(tx, now, kind="bonus_tokens", value="50", **given)
    with pytest.raises(refusal):
        redeemed(tx, now, anna)
    assert tokens(tx, anna) == 0


def test_fifty_at_once_on_the_last_gift_and_one_person_many_times(db: Database, now: datetime) -> None:
    with db.begin() as tx:
        people = [make_user(tx, now).party for _number in range(50)]
        make(tx, now, kind="bonus_tokens", value="50", total="1")
        make(tx, now, code="MINE", kind="bonus_tokens", value="5")

    def one(party: Party, code: str) -> bool:
        try:
            with db.begin() as tx:
                redeemed(tx, now, party, code)
        except (promotions.PromoUsedUp, promotions.PromoUsedByYou):
            return False
        return True

    assert sum(at_once(50, lambda number: one(people[number], "GIFT"))) == 1
    assert sum(at_once(10, lambda _number: one(people[0], "MINE"))) == 1
    with db.begin() as tx:
        assert sum(tokens(tx, party) for party in people) == 55
