"""The proof that money and promises agree. Each rule is one query that finds nothing while the rule holds."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from services import ledger

RULES = {
    "paid_invoice_has_one_paid_attempt": """
        SELECT 'invoice ' || i.id, count(p.id) || ' paid attempts' FROM invoices i
        LEFT JOIN payments p ON p.invoice_id = i.id AND p.state = 'succeeded'
             AND (p.decision IS NULL OR p.decided = 'apply')
        WHERE i.state = 'paid' GROUP BY i.id HAVING count(p.id) <> 1""",
    "unpaid_invoice_has_no_paid_attempt": """
        SELECT 'invoice ' || i.id, 'payment ' || p.id || ' paid it, yet it is ' || i.state
        FROM invoices i JOIN payments p ON p.invoice_id = i.id AND p.state = 'succeeded'
             AND (p.decision IS NULL OR p.decided = 'apply') WHERE i.state <> 'paid'""",
    "succeeded_payment_is_booked_once": """
        SELECT 'payment ' || p.id, coalesce(sum(e.minor), 0) || ' booked, ' || p.amount_minor || ' was the price'
        FROM payments p
        LEFT JOIN ledger_transactions t ON t.kind = 'payment' AND t.reference = p.id::text
        LEFT JOIN ledger_entries e ON e.transaction_id = t.id AND e.currency = coalesce(p.received_currency, p.currency)
             AND (e.account = 'clearing:' || p.provider OR e.account = 'fees:' || p.provider)
        WHERE p.state = 'succeeded' GROUP BY p.id
        HAVING coalesce(sum(e.minor), 0) IS DISTINCT FROM coalesce(p.received_minor, p.amount_minor)""",
    "unpaid_payment_is_not_booked": """
        SELECT 'payment ' || p.id, 'is ' || p.state || ', yet it is in the ledger' FROM payments p
        JOIN ledger_transactions t ON t.kind = 'payment' AND t.reference = p.id::text WHERE p.state <> 'succeeded'""",
    "booked_payment_exists": """
        SELECT 'ledger transaction ' || t.id, 'there is no payment ' || t.reference FROM ledger_transactions t
        WHERE t.kind IN ('payment', 'fee', 'decision')
          AND NOT EXISTS (SELECT FROM payments p WHERE p.id::text = t.reference)""",
    "booked_refund_exists": """
        SELECT 'ledger transaction ' || t.id, 'there is no refund ' || t.reference FROM ledger_transactions t
        WHERE t.kind IN ('refund', 'refund_reserve')
          AND NOT EXISTS (SELECT FROM refunds r WHERE r.id::text = t.reference)""",
    "fitting_payment_is_revenue": """
        SELECT 'payment ' || p.id, coalesce(-sum(e.minor), 0) || ' earned, ' || p.amount_minor || ' was the price'
        FROM payments p
        LEFT JOIN ledger_transactions t ON t.kind = 'payment' AND t.reference = p.id::text
        LEFT JOIN ledger_entries e ON e.transaction_id = t.id AND e.account LIKE 'revenue:%'
        WHERE p.state = 'succeeded' AND p.decision IS NULL GROUP BY p.id
        HAVING coalesce(-sum(e.minor), 0) IS DISTINCT FROM coalesce(p.received_minor, p.amount_minor)""",
    "fee_is_booked_as_told": """
        SELECT 'payment ' || p.id, coalesce(sum(e.minor), 0) || ' booked, the fee is ' || coalesce(p.fee_minor, 0)
        FROM payments p
        LEFT JOIN ledger_transactions t ON t.kind IN ('payment', 'fee') AND t.reference = p.id::text
        LEFT JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'fees:' || p.provider
        GROUP BY p.id HAVING coalesce(sum(e.minor), 0) <> coalesce(p.fee_minor, 0)""",
    "decided_payment_is_booked": """
        SELECT 'payment ' || p.id, 'decided ' || p.decided || ', booked ' || count(t.id) || ' times' FROM payments p
        LEFT JOIN ledger_transactions t ON t.kind = 'decision' AND t.reference = p.id::text
        WHERE p.decided IS NOT NULL GROUP BY p.id HAVING count(t.id) <> (p.decided IN ('apply', 'keep'))::int""",
    "succeeded_refund_is_booked_once": """
        SELECT 'refund ' || r.id, coalesce(sum(e.minor), 0) || ' booked, ' || r.amount_minor || ' went back'
        FROM refunds r
        LEFT JOIN ledger_transactions t ON t.kind = 'refund' AND t.reference = r.id::text
        LEFT JOIN ledger_entries e ON e.transaction_id = t.id AND e.minor < 0
        GROUP BY r.id
        HAVING coalesce(-sum(e.minor), 0) <> CASE WHEN r.state = 'succeeded' THEN r.amount_minor ELSE 0 END""",
    "no_more_is_refunded_than_came": """
        SELECT 'payment ' || p.id, sum(r.amount_minor) || ' refunded of ' || coalesce(p.received_minor, p.amount_minor)
        FROM payments p
        JOIN refunds r ON r.payment_id = p.id AND r.state = 'succeeded'
        GROUP BY p.id HAVING sum(r.amount_minor) > coalesce(p.received_minor, p.amount_minor)""",
    "held_money_is_what_waits": """
        WITH waiting AS (
          SELECT 'held:' || p.party AS account, coalesce(p.received_currency, p.currency) AS currency,
            coalesce(p.received_minor, p.amount_minor) - coalesce((SELECT sum(r.amount_minor) FROM refunds r
              WHERE r.payment_id = p.id AND r.state = 'succeeded'), 0) AS minor
          FROM payments p WHERE p.decision IS NOT NULL AND coalesce(p.decided, 'refund') = 'refund'
          UNION ALL
          SELECT 'held:' || r.party, r.currency, r.amount_minor FROM refunds r JOIN payments p ON p.id = r.payment_id
          WHERE p.decided = 'keep' AND r.destination = 'provider'
            AND r.state IN ('requested', 'sending', 'unknown', 'pending')),
        due AS (SELECT account, currency, sum(minor) AS minor FROM waiting GROUP BY 1, 2),
        booked AS (SELECT account, currency, -sum(minor) AS minor FROM ledger_entries
                   WHERE account LIKE 'held:%' GROUP BY 1, 2)
        SELECT account, coalesce(booked.minor, 0) || ' held, ' || coalesce(due.minor, 0) || ' ' || currency || ' waits'
        FROM due FULL JOIN booked USING (account, currency)
        WHERE coalesce(due.minor, 0) <> coalesce(booked.minor, 0)""",
}


def check_books(tx: Session) -> list[ledger.Fault]:
    """Everything that cannot be; an empty list is the proof. Reads all of the books: seconds for a million rows."""
    faults = ledger.prove(tx)
    for rule, query in RULES.items():
        faults += [ledger.Fault(rule, str(subject), str(detail)) for subject, detail in tx.execute(text(query))]
    return faults
