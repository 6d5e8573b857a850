"""Tokens: bought by the sum, given with tariffs, spent one by one.

The ledger alone says how many there are: "tokens:<party>" in TOKEN and "bonus:<party>" in BONUS, which we owe. Bonus
goes first, and expires when it was not spent. What a period costs in tokens is taken before it begins; a balance goes
below zero only as far as the tariff says, by a refund, or by an operator. docs/wallet.md has the rules."""

from services.wallet.adjust import adjust
from services.wallet.balances import Balance, balance
from services.wallet.bonus import BonusExpiry, announce_bonus_sweep, expire_bonus, expiring
from services.wallet.credit import credit_after_payment
from services.wallet.errors import AboveMaximum, BadTokens, BadUsage, BelowMinimum, ReferenceUsed, SubscriptionNeeded
from services.wallet.events import BalanceAdjusted, BalanceLow, BonusSweepDue, FeeCharged, FeeMissed, TokensCredited
from services.wallet.fees import charge_fees
from services.wallet.history import Line, history
from services.wallet.overview import Fee, Overview, has_wallet, overview
from services.wallet.questions import Question, ask_amount, asked_amount, forget_question
from services.wallet.rates import tokens_for, usage_cost
from services.wallet.spend import Spent, charge_usage, spend
from services.wallet.take_back import take_back_after_refund
from services.wallet.topup import minimum_of, token_tariffs, top_up_quote

__all__ = [
    "AboveMaximum",
    "BadTokens",
    "BadUsage",
    "Balance",
    "BalanceAdjusted",
    "BalanceLow",
    "BelowMinimum",
    "BonusExpiry",
    "BonusSweepDue",
    "Fee",
    "FeeCharged",
    "FeeMissed",
    "Line",
    "Overview",
    "Question",
    "ReferenceUsed",
    "Spent",
    "SubscriptionNeeded",
    "TokensCredited",
    "adjust",
    "announce_bonus_sweep",
    "ask_amount",
    "asked_amount",
    "balance",
    "charge_fees",
    "charge_usage",
    "credit_after_payment",
    "expire_bonus",
    "expiring",
    "forget_question",
    "has_wallet",
    "history",
    "minimum_of",
    "overview",
    "spend",
    "take_back_after_refund",
    "token_tariffs",
    "tokens_for",
    "top_up_quote",
    "usage_cost",
]
