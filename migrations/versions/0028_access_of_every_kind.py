"""Access of every kind: what is wanted of a grant, and what the other side holds"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"

MOMENT = sa.DateTime(timezone=True)


def added() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("good", sa.String(), nullable=True),
        sa.Column("wanted", sa.String(), nullable=True),
        sa.Column("held", sa.String(), nullable=False, server_default="absent"),
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("applied_revision", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("usage_epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("place_name", sa.String(), nullable=True),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("ref", JSONB(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("used_bytes", sa.BigInteger(), nullable=True),
        sa.Column("barred", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("sold_out_at", MOMENT, nullable=True),
    )


# What is shown to its owner is sealed with a key that no migration has: each grant is applied once more, which
# changes nothing at the servers and tells nobody.
APPLY_AGAIN = """
INSERT INTO outbox_events (name, body, occurred_at, planned)
SELECT 'provisioning.grant_changed', jsonb_build_object('grant_id', id, 'revision', revision, 'cause', 'repair'),
       now(), false
FROM access_grants WHERE wanted = 'active'
"""


def upgrade() -> None:
    for column in added():
        op.add_column("access_grants", column)
    op.execute(
        "UPDATE access_grants SET good = kind, wanted = CASE WHEN state = 'ended' THEN 'ended' ELSE 'active' END"
    )
    op.execute("UPDATE access_grants SET held = 'active' WHERE state = 'ready'")
    op.execute("UPDATE access_grants SET held = 'suspended' WHERE state = 'ended'")
    op.execute(APPLY_AGAIN)
    for name in ("good", "wanted"):
        op.alter_column("access_grants", name, nullable=False)
    for name in ("held", "revision", "applied_revision", "generation", "usage_epoch", "ref"):
        op.alter_column("access_grants", name, server_default=None)
    op.drop_column("access_grants", "state")
    op.drop_constraint("access_grants_subscription_id_kind_key", "access_grants")
    op.create_unique_constraint("access_grants_subscription_id_good_key", "access_grants", ["subscription_id", "good"])
    op.create_index("access_grants_place", "access_grants", ["kind", "place", "checked_at"])
    op.create_index("access_grants_party", "access_grants", ["party"])
    op.create_index(
        "access_grants_failing", "access_grants", ["failing_since"],
        postgresql_where=sa.text("failing_since IS NOT NULL"),
    )  # fmt: skip
    op.add_column("wireguard_peers", sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("wireguard_peers", "generation", server_default=None)


def downgrade() -> None:
    op.drop_column("wireguard_peers", "generation")
    op.add_column("access_grants", sa.Column("state", sa.String(), nullable=True))
    op.execute(
        "UPDATE access_grants SET state = CASE WHEN wanted <> 'active' THEN 'ended' "
        "WHEN held = 'active' THEN 'ready' ELSE 'preparing' END"
    )
    op.alter_column("access_grants", "state", nullable=False)
    for name in ("access_grants_place", "access_grants_party", "access_grants_failing"):
        op.drop_index(name, "access_grants")
    op.drop_constraint("access_grants_subscription_id_good_key", "access_grants")
    op.create_unique_constraint("access_grants_subscription_id_kind_key", "access_grants", ["subscription_id", "kind"])
    for column in added():
        op.drop_column("access_grants", column.name)
