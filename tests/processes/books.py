"""What must be true once everybody has bought, whatever happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from apps.sandbox.check import Message, Person
from tests.processes.town import Town

# Of the buyers: how many there are of each thing, and how many people have it.
PAID = """
WITH buyers AS (SELECT 'user:' || id AS party, telegram_id FROM users WHERE telegram_id = ANY(:people))
SELECT 'invoices', count(*), count(DISTINCT party) FROM invoices JOIN buyers USING (party) WHERE state = 'paid'
UNION ALL
SELECT 'ledger', count(*), count(DISTINCT party) FROM ledger_transactions t
    JOIN payments p ON t.reference = p.id::text JOIN buyers USING (party) WHERE t.kind = 'payment'
UNION ALL
SELECT 'subscriptions', count(*), count(DISTINCT party) FROM subscriptions JOIN buyers USING (party)
    WHERE state = 'active'
UNION ALL
SELECT 'changes', count(*), count(DISTINCT party) FROM subscription_changes c
    JOIN subscriptions s ON s.id = c.subscription_id JOIN buyers USING (party)
UNION ALL
SELECT 'began', count(*), count(DISTINCT party) FROM subscription_changes c
    JOIN subscriptions s ON s.id = c.subscription_id JOIN buyers USING (party) WHERE c.kind = 'began'
UNION ALL
SELECT 'peers', count(*), count(DISTINCT party) FROM wireguard_peers w
    JOIN access_grants g ON g.id = w.grant_id JOIN buyers USING (party) WHERE w.active
"""
LEFT = """
SELECT reaction, sends, failures, last_error FROM outbox_deliveries WHERE done_at IS NULL
UNION ALL SELECT 'unplanned: ' || name, 0, 0, NULL FROM outbox_events WHERE NOT planned
UNION ALL SELECT 'update', attempts, 0, error FROM telegram_updates WHERE state = 'new'
"""


def await_settled(town: Town, people: Sequence[Person], seconds: float) -> None:
    """Until all is paid and nothing is left to do."""
    wanted = len(people)

    def settled() -> bool:
        return _paid(town, people)["peers"] == (wanted, wanted) and not left(town)

    try:
        town.until("everything is done", settled, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{_paid(town, people)}\nleft to do: {left(town)}") from None


def check(town: Town, people: Sequence[Person]) -> None:
    """Once each: paid, booked, begun, given; nobody got twice what may come once; nobody was left without."""
    each_once = (len(people), len(people))
    assert _paid(town, people) == dict.fromkeys(
        ("invoices", "ledger", "subscriptions", "changes", "began", "peers"), each_once
    )
    assert _told(town) == _active(town)
    for person in people:
        _check_chat(town, person)
    assert town.ask("/telegram/problems") == []
    assert town.ask("/yookassa/problems")["problems"] == []
    assert rows(town, "SELECT * FROM telegram_updates WHERE state = 'poison'") == []


def chat(town: Town, person: Person) -> list[Message]:
    """What the bot wrote."""
    messages = town.ask(f"/telegram/chat/api/users/{person.id}/messages")["messages"]
    return [message for message in messages if message["from"]["is_bot"]]


def left(town: Town) -> list[Any]:
    return rows(town, LEFT)


def rows(town: Town, sql: str, **values: Any) -> list[Any]:
    with town.db.begin() as tx:
        return [tuple(row) for row in tx.execute(text(sql), values)]


def _paid(town: Town, people: Sequence[Person]) -> dict[str, tuple[int, int]]:
    found = rows(town, PAID, people=[person.id for person in people])
    return {thing: (count, owners) for thing, count, owners in found}


def _told(town: Town) -> set[tuple[str, str]]:
    """(server, public key) of the peers that the agents have."""
    return {
        (code, peer["public_key"]) for code in ("de1", "nl1") for peer in town.ask(f"/vpn/{code}/peers.json")["peers"]
    }


def _active(town: Town) -> set[tuple[str, str]]:
    return set(rows(town, "SELECT server, public_key FROM wireguard_peers WHERE active"))


def _check_chat(town: Town, person: Person) -> None:
    """At most one file and one code; who has no file, because nobody knows whether it arrived, has a way to it."""
    messages = chat(town, person)
    files = [m for m in messages if "document" in m and m["document"]["file_name"].endswith(".conf")]
    codes = [m for m in messages if "photo" in m]
    assert len(files) <= 1
    assert len(codes) <= 1
    sent = dict(rows(town, "SELECT kind, state FROM messages WHERE telegram_id = :id", id=person.id))
    assert {"access_file", "access_qr"} <= set(sent)
    if not files:
        assert (sent["access_file"], sent["access_ready"]) == ("maybe", "sent")
        assert any("conf:" in str(m.get("reply_markup")) for m in messages)
    if not codes:
        assert sent["access_qr"] == "maybe"
