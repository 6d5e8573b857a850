"""A Kiosk that goes on after its processes were killed, and what must be true of it then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import text

from tests.processes.errands import MONEY, follow
from tests.world import Kiosk, Person

MINUTE = timedelta(minutes=1)
# Of each party, how often it got what a purchase gives once.
BOUGHT = """
SELECT b.party,
  (SELECT count(*) FROM invoices i WHERE i.party = b.party AND i.state = 'paid') AS paid,
  (SELECT count(*) FROM ledger_transactions t JOIN payments p ON t.reference = p.id::text
    WHERE t.kind = 'payment' AND p.party = b.party) AS booked,
  (SELECT count(*) FROM outbox_events e
    WHERE e.name = 'billing.invoice_paid' AND e.body->>'party' = b.party) AS announced,
  (SELECT count(*) FROM subscription_changes c JOIN subscriptions s ON s.id = c.subscription_id
    WHERE s.party = b.party AND c.invoice_id IS NOT NULL) AS fulfilled
FROM unnest(CAST(:parties AS text[])) AS b(party)
"""


class Survivor(Kiosk):
    """Its processes are started anew by `restart`. Only money moves, and what was paid for: servers and chats have
    their own tests, and take longer than all the rest."""

    def drain(self, patience: float = 0.0) -> None:
        assert not patience
        follow(self.kit, MONEY)

    def restart(self, span: timedelta = 3 * MINUTE, step: timedelta = MINUTE) -> None:
        """What was left undone is done again; then time passes, and what waited for that is done."""
        self.hurry()
        self.pass_time(span, step)
        self.hurry()

    def bought(self, people: Iterable[Person]) -> dict[str, dict[str, int]]:
        """By party, how often it got what a purchase gives once."""
        with self.kit.db.begin() as tx:
            rows = tx.execute(text(BOUGHT), {"parties": [str(person.party) for person in people]}).mappings()
            return {row["party"]: {name: row[name] for name in row if name != "party"} for row in rows}

    def left(self) -> list[str]:
        """What is not done, and what failed on the way: a kill is no failure of what runs after it."""
        with self.kit.db.begin() as tx:
            sql = "SELECT reaction, last_error FROM outbox_deliveries WHERE done_at IS NULL OR failures > 0"
            return [
                f"{row.reaction}: {row.last_error}" for row in tx.execute(text(sql)) if row.reaction.startswith(MONEY)
            ]


def surviving(kiosk: Kiosk) -> Survivor:
    kiosk.world.kiosk = None  # who is killed hears nothing
    return Survivor(kiosk.kit, kiosk.world, kiosk.http)


ONCE = dict.fromkeys(("paid", "booked", "announced", "fulfilled"), 1)
