"""The proof that payouts and ledger agree. Each rule is one query that finds nothing while it holds."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from services import ledger

BOOKED = """
    WITH booked AS (
      SELECT split_part(t.reference, ':', 2)::bigint AS receipt_id,
        coalesce(sum(e.minor) FILTER (WHERE e.account LIKE 'cashback:%'), 0) AS cost,
        coalesce(sum(e.minor) FILTER (WHERE e.account LIKE 'payout:%'), 0) AS owed
      FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
      WHERE t.kind IN ('cashback', 'cashback_reversal', 'payout', 'payout_reversal') GROUP BY 1)
"""
RULES = {
    "payout_is_booked_as_it_stands": BOOKED
    + """
        SELECT 'payout ' || p.id, 'is ' || p.state || ' of ' || p.amount_minor || '; it cost ' || coalesce(b.cost, 0)
          || ' and ' || -coalesce(b.owed, 0) || ' is owed'
        FROM receipt_payouts p LEFT JOIN booked b ON b.receipt_id = p.receipt_id
        WHERE coalesce(b.cost, 0) <>
            CASE WHEN p.state IN ('failed', 'canceled', 'reversed') THEN 0 ELSE p.amount_minor END
          OR -coalesce(b.owed, 0) <>
            CASE WHEN p.state IN ('failed', 'canceled', 'reversed', 'succeeded') THEN 0 ELSE p.amount_minor END""",
    "booked_payout_exists": BOOKED
    + """
        SELECT 'receipt ' || b.receipt_id, 'has no payout, yet it is in the ledger' FROM booked b
        WHERE NOT EXISTS (SELECT FROM receipt_payouts p WHERE p.receipt_id = b.receipt_id)""",
}


def check_payouts(tx: Session) -> list[ledger.Fault]:
    """Everything that cannot be; an empty list is the proof."""
    return [
        ledger.Fault(rule, str(subject), str(detail))
        for rule, query in RULES.items()
        for subject, detail in tx.execute(text(query))
    ]
