"""One-off processes: `python -m apps.console COMMAND ...` (on Heroku: `heroku run python -m apps.console ...`)."""

from __future__ import annotations

import sys
from collections.abc import Callable

from apps.console import (
    access,
    books,
    campaigns,
    catalog,
    clients,
    doctor,
    goods,
    growth,
    licences,
    payments,
    people,
    promo,
    receipts,
    release,
    renewals,
    subscriptions,
    tasks,
    texts,
    wallet,
)

COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "release": (release.main, "apply migrations; runs before new code does"),
    "doctor": (doctor.main, "check every setting against reality and say what to do"),
    "catalog": (catalog.main, "import FILE: put a catalogue file (TOML) on sale"),
    "clients": (clients.main, "create NAME --scope SCOPE ... | list | revoke ID: who may call the HTTP API"),
    "payments": (payments.main, "show, decide, refund, hold against the providers' lists; payments --help says all"),
    "promo": (promo.main, "create, list, show, deactivate, import, export: promo codes; promo --help says all"),
    "subscriptions": (subscriptions.main, "show, pause, resume, cancel, give-days; subscriptions --help says all"),
    "licences": (licences.main, "import, list, revoke, signing-key: licence keys; licences --help says all"),
    "goods": (goods.main, "list | upload NAME FILE: what tariffs deliver, and files to be delivered"),
    "tasks": (tasks.main, "list, show, take, answer, decline, done: what is given by hand; tasks --help says all"),
    "access": (access.main, "list, show, retry, repair, bar, rotate, places; access --help says all"),
    "people": (people.main, "block ID --reason WHY | unblock ID --reason WHY"),
    "wallet": (wallet.main, "show USER | adjust USER --tokens N --reason WHY | history USER: people's tokens"),
    "referrals": (growth.referrals_main, "show USER: who invited a person, whom they invited, what that earned"),
    "gifts": (growth.gifts_main, "list | show ID: what was bought to be given away"),
    "receipts": (receipts.main, "campaigns, read, list, show, review, approve, export ...; receipts --help says all"),
    "campaigns": (campaigns.main, "create NAME --parameter X --cost 5000 RUB | list | show NAME: advertisements"),
    "books": (books.main, "check: prove that ledger, payments and refunds agree"),
    "renewals": (renewals.main, "--dry-run --until DATE: who will be charged, when, how much, and who not and why"),
    "texts": (texts.main, "update | compile | check: the message catalogues"),
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print("python -m apps.console COMMAND\n")
        for name, (_, what) in COMMANDS.items():
            print(f"  {name:14} {what}")
        return 2
    return COMMANDS[arguments[0]][0](arguments[1:])


raise SystemExit(main(sys.argv[1:]))
