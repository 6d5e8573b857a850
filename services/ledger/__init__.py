"""Money inside the house: double entry, append only.

A posting set moves amounts between accounts and sums to zero in every currency; (kind, reference) is unique, so one
fact is booked once. Corrections are new entries. The database itself refuses UPDATE, DELETE and unbalanced sets.

Accounts are paths: "clearing:yookassa" (owed to us by a provider), "revenue:vpn", "held:user:42" (a payment that
waits for a decision). Debits are positive, credits negative."""

from services.ledger.post import AlreadyPosted, Entry, Unbalanced, balance, imbalances, post

__all__ = ["AlreadyPosted", "Entry", "Unbalanced", "balance", "imbalances", "post"]
