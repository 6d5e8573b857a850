"""Access: grants, WireGuard servers and addresses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "access_grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="access_grants_pkey"),
        sa.UniqueConstraint("subscription_id", "kind", name="access_grants_subscription_id_kind_key"),
    )
    op.create_table(
        "wireguard_servers",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name="wireguard_servers_pkey"),
    )
    op.create_table(
        "wireguard_peers",
        sa.Column("server", sa.String(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("ipv4", sa.String(), nullable=False),
        sa.Column("ipv6", sa.String(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sealed_keys", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("free_after", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grants.id"], name="wireguard_peers_grant_id_fkey"),
        sa.ForeignKeyConstraint(["server"], ["wireguard_servers.code"], name="wireguard_peers_server_fkey"),
        sa.PrimaryKeyConstraint("server", "slot", name="wireguard_peers_pkey"),
        sa.UniqueConstraint("grant_id", name="wireguard_peers_grant_id_key"),
        sa.UniqueConstraint("server", "ipv4", name="wireguard_peers_server_ipv4_key"),
        sa.UniqueConstraint("server", "ipv6", name="wireguard_peers_server_ipv6_key"),
        sa.UniqueConstraint("server", "public_key", name="wireguard_peers_server_public_key_key"),
    )
    op.create_index(
        "wireguard_peers_free", "wireguard_peers", ["server", "free_after"], postgresql_where=sa.text("NOT active")
    )


def downgrade() -> None:
    op.drop_table("wireguard_peers")
    op.drop_table("wireguard_servers")
    op.drop_table("access_grants")
