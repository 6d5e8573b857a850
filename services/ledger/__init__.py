"""Money inside the house: double entry, append only.

A posting set moves amounts between accounts and sums to zero in every currency; (kind, reference) is unique, so one
fact is booked once. Corrections are new entries. The database itself refuses UPDATE, DELETE and unbalanced sets.

Accounts are paths: "clearing:yookassa" (owed to us by a provider), "revenue:vpn", "fees:yookassa", "held:user:42" (a
payment that waits for a decision), "wallet:user:42" (what we owe a person). Debits are positive, credits negative.
Balances of the accounts in KEPT are also kept as rows, so that spending from them is exact when many spend at once."""

from services.ledger.extent import Extent, extent
from services.ledger.post import AlreadyPosted, Entry, Insufficient, Unbalanced, find, post, reverse
from services.ledger.proof import Fault, prove
from services.ledger.views import (
    Fact,
    Posted,
    balance,
    facts,
    hold,
    imbalances,
    owed,
    posted_between,
    postings,
    turnover,
)

__all__ = [
    "AlreadyPosted",
    "Entry",
    "Extent",
    "Fact",
    "Fault",
    "Insufficient",
    "Posted",
    "Unbalanced",
    "balance",
    "extent",
    "facts",
    "find",
    "hold",
    "imbalances",
    "owed",
    "post",
    "posted_between",
    "postings",
    "prove",
    "reverse",
    "turnover",
]
