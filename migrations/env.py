"""Alembic's entry. The connection is handed in by services/platform/migrate.py; each migration has a transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import services.billing.models
import services.campaigns.models
import services.catalog.models
import services.gifts.models
import services.identity.models
import services.ledger.models
import services.notifications.models
import services.platform.inbox
import services.platform.outbox
import services.platform.slots
import services.promotions.models
import services.provisioning.licences.models
import services.provisioning.models
import services.provisioning.models_watch
import services.receipts.models
import services.receipts.payouts.models
import services.receipts.rules.models
import services.referrals.models
import services.subscriptions.models  # noqa: F401  # imported for the tables they declare
from services.platform.db import Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, transaction_per_migration=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
