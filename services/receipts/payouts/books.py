"""The proof that payouts and ledger agree. Each rule is one query that finds nothing while it holds."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from services import ledger

RULES = {
    "payout_is_booked_as_it_stands": """
        WITH booked AS (
          SELECT split_part(t.reference, ':', 2)::bigint AS receipt_id,
            sum(CASE WHEN e.account LIKE 'cashback:%' THEN e.minor ELSE 0 END) AS cost,
            -sum(CASE WHEN e.account LIKE 'payout:%' THEN e.minor ELSE 0 END) AS owed
          FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
          WHERE t.kind IN ('cashback', 'cashback_reversal', 'payout', 'payout_reversal') GROUP BY 1),
        due AS (
          SELECT id, receipt_id, state, amount_minor,
            CASE WHEN state IN ('failed', 'canceled', 'reversed') THEN 0 ELSE amount_minor END AS cost,
            CASE WHEN state IN ('failed', 'canceled', 'reversed', 'succeeded') THEN 0 ELSE amount_minor END AS owed
          FROM receipt_payouts)
        SELECT 'payout ' || due.id, 'is ' || due.state || ' of ' || due.amount_minor || '; booked are '
          || coalesce(booked.cost, 0) || ' spent and ' || coalesce(booked.owed, 0) || ' owed'
        FROM due LEFT JOIN booked USING (receipt_id)
        WHERE coalesce(booked.cost, 0) <> due.cost OR coalesce(booked.owed, 0) <> due.owed""",
    "booked_payout_exists": """
        SELECT 'ledger transaction ' || t.id, 'there is no payout of ' || t.reference FROM ledger_transactions t
        WHERE t.kind IN ('cashback', 'payout')
          AND NOT EXISTS (SELECT FROM receipt_payouts p
                          WHERE p.receipt_id = split_part(t.reference, ':', 2)::bigint)""",
}


def check_payouts(tx: Session) -> list[ledger.Fault]:
    """Everything that cannot be; an empty list is the proof."""
    return [
        ledger.Fault(rule, str(subject), str(detail))
        for rule, query in RULES.items()
        for subject, detail in tx.execute(text(query))
    ]
