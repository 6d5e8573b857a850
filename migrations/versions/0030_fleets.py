"""WireGuard fleets: a grant that moves has two addresses for a moment, and its traffic is counted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"

MOMENT = sa.DateTime(timezone=True)
ADDED = ("current", "limited", "used_bytes", "counted_bytes", "usage_epoch", "counting_since")


def upgrade() -> None:
    op.add_column("wireguard_peers", sa.Column("current", sa.Boolean(), nullable=False, server_default=sa.true()))
    for name in ("used_bytes", "counted_bytes", "usage_epoch"):
        op.add_column("wireguard_peers", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("wireguard_peers", sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("wireguard_peers", sa.Column("counted_at", MOMENT, nullable=True))
    op.add_column("wireguard_peers", sa.Column("counting_since", MOMENT, nullable=False, server_default=sa.func.now()))
    for name in ADDED:
        op.alter_column("wireguard_peers", name, server_default=None)
    op.drop_constraint("wireguard_peers_grant_id_key", "wireguard_peers")
    op.create_unique_constraint("wireguard_peers_server_grant_id_key", "wireguard_peers", ["server", "grant_id"])
    op.create_index(
        "wireguard_peers_current", "wireguard_peers", ["grant_id"], unique=True, postgresql_where=sa.text("current")
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DELETE FROM wireguard_peers WHERE NOT current")
    op.drop_index("wireguard_peers_current", "wireguard_peers")
    op.drop_constraint("wireguard_peers_server_grant_id_key", "wireguard_peers")
    op.create_unique_constraint("wireguard_peers_grant_id_key", "wireguard_peers", ["grant_id"])
    for name in ("counted_at", *ADDED):
        op.drop_column("wireguard_peers", name)
