"""Messages between the parts: events, deliveries, Telegram updates, slots of the schedule"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="outbox_events_pkey"),
    )
    op.create_index("outbox_events_age", "outbox_events", ["occurred_at"])
    op.create_index("outbox_events_unplanned", "outbox_events", ["id"], postgresql_where=sa.text("NOT planned"))
    op.create_table(
        "outbox_deliveries",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("reaction", sa.String(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sends", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_events.id"], name="outbox_deliveries_event_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "reaction", name="outbox_deliveries_pkey"),
    )
    op.create_index(
        "outbox_deliveries_due", "outbox_deliveries", ["due_at"], postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "telegram_updates",
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name="telegram_updates_pkey"),
    )
    op.create_index("telegram_updates_age", "telegram_updates", ["received_at"])
    op.create_index(
        "telegram_updates_new",
        "telegram_updates",
        ["bot_id", "received_at", "update_id"],
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "schedule_slots",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="schedule_slots_pkey"),
    )


def downgrade() -> None:
    op.drop_table("schedule_slots")
    op.drop_table("telegram_updates")
    op.drop_table("outbox_deliveries")
    op.drop_table("outbox_events")
