from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.platform.db import Base


class UserRow(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    telegram_id: Mapped[int] = mapped_column(unique=True)
    first_name: Mapped[str]
    username: Mapped[str | None]
    language_code: Mapped[str | None]  # what Telegram says
    chosen_language: Mapped[str | None]  # what the person said
    start_parameter: Mapped[str | None]  # of the first /start: where the person came from
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    unreachable_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]  # by an operator
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)  # for ever
    __table_args__ = (
        Index(
            "users_start_parameter_idx",
            "start_parameter",
            "id",
            postgresql_where=text("start_parameter IS NOT NULL"),
        ),
    )


class ConsentRow(Base):
    __tablename__ = "consents"
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    document: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    given_at: Mapped[datetime]


class PhoneRow(Base):
    """`blind_index` is a keyed hash (hex) of the number, made with the secret of the day."""

    __tablename__ = "user_phones"
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    sealed: Mapped[bytes]
    blind_index: Mapped[str] = mapped_column(index=True)
    is_own: Mapped[bool]
    given_at: Mapped[datetime]


class ApiClientRow(Base):
    """A program that calls the HTTP API. `key_hash` is SHA-256 of the random part of its key, in hex."""

    __tablename__ = "api_clients"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    key_hash: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (Index("api_clients_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),)
