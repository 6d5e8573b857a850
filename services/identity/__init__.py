"""People and who can own or owe something.

A `User` is a person who wrote to the bot; where they came from, and who invited them, is written once. A `Party`
("user:42", later "workspace:7") is whoever buys, owns and is owed: the services above know parties only. Consents are
kept word by version, phones are kept sealed. A `Client` is a program of the operator's that calls the HTTP API with a
key."""

from services.identity.clients import (
    BadClient,
    BadKey,
    Client,
    ClientNotFound,
    IssuedKey,
    NameTaken,
    authenticate,
    clients,
    create_client,
    revoke_client,
    scopes,
)
from services.identity.consent import consent, has_consented
from services.identity.events import PhoneGiven, UserJoined
from services.identity.origin import came_from, invited_by, record_inviter, who_came_from
from services.identity.parties import Party
from services.identity.people import (
    User,
    UserBlocked,
    UserNotFound,
    block,
    choose_language,
    find_user,
    greet,
    joined_at,
    joined_between,
    mark_unreachable,
    telegram_ids,
    unblock,
    user,
)
from services.identity.phones import (
    BadPhone,
    Phone,
    keep_phone,
    normalise_phone,
    phone,
    phone_index,
    phone_of,
    users_of_phone,
)

__all__ = [
    "BadClient",
    "BadKey",
    "BadPhone",
    "Client",
    "ClientNotFound",
    "IssuedKey",
    "NameTaken",
    "Party",
    "Phone",
    "PhoneGiven",
    "User",
    "UserBlocked",
    "UserJoined",
    "UserNotFound",
    "authenticate",
    "block",
    "came_from",
    "choose_language",
    "clients",
    "consent",
    "create_client",
    "find_user",
    "greet",
    "has_consented",
    "invited_by",
    "joined_at",
    "joined_between",
    "keep_phone",
    "mark_unreachable",
    "normalise_phone",
    "phone",
    "phone_index",
    "phone_of",
    "record_inviter",
    "revoke_client",
    "scopes",
    "telegram_ids",
    "unblock",
    "user",
    "users_of_phone",
    "who_came_from",
]
