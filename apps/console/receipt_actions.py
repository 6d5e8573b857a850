"""What an operator does with receipts. Every action leaves a line in the audit log."""

from __future__ import annotations

import argparse
from datetime import timedelta

from apps.console.receipt_views import facts_of, plain, promised
from apps.console.terminal import actor, agreed, amount
from services import receipts
from services.kit import Kit
from services.platform import audit
from services.platform.errors import Misconfigured

LINK_LIVES = timedelta(minutes=5)


def approve(kit: Kit, asked: argparse.Namespace) -> int:
    one = _look(kit, asked.id)
    print(f"Approve receipt {one.id} of {one.party}: {facts_of(one)}. {promised(one)}")
    if not agreed(yes=asked.yes):
        return 1
    try:
        with kit.db.begin() as tx:
            done = receipts.approve(tx, kit.cipher, asked.id, actor=actor(), now=kit.clock.now(), note_=asked.note)
    except receipts.NotPayable as error:
        print(f"It stays in review: the rules would pay nothing for it ({error.reason}).")
        return 1
    print(f"receipt {done.id} is approved: {amount(done.bonus)} by campaign {done.campaign}")
    return 0


def reject(kit: Kit, asked: argparse.Namespace) -> int:
    one = _look(kit, asked.id)
    print(f"Reject receipt {one.id} of {one.party}: {facts_of(one)}. The person is told: {asked.reason}.")
    if asked.reason == "fraud":
        print("The same receipt cannot be sent again by anybody.")
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        receipts.refuse(tx, asked.id, asked.reason, actor=actor(), now=kit.clock.now(), note_=asked.note)
    print(f"receipt {one.id} is rejected")
    return 0


def correct(kit: Kit, asked: argparse.Namespace) -> int:
    facts = receipts.Facts(
        merchant=asked.merchant,
        date=asked.date,
        time=asked.time,
        total=asked.total,
        currency=asked.currency,
        lines=None if asked.line is None else tuple(asked.line),
    )
    if facts == receipts.Facts():
        print("say what is to be put right: --total, --date, --time, --merchant, --currency, --line")
        return 2
    with kit.db.begin() as tx:
        done = receipts.correct(tx, asked.id, facts, actor=actor(), now=kit.clock.now())
    print(f"receipt {done.id} says now: {facts_of(done)}")
    print(f"  -> receipts approve {done.id}")
    return 0


def reread(kit: Kit, asked: argparse.Namespace) -> int:
    one = _look(kit, asked.id)
    print(f"Read the picture of receipt {one.id} again; now it says: {facts_of(one)}.")
    if not agreed(yes=asked.yes):
        return 1
    with kit.db.begin() as tx:
        receipts.reread(tx, asked.id, actor=actor(), now=kit.clock.now())
    print(f"receipt {one.id} waits to be read")
    return 0


def picture(kit: Kit, asked: argparse.Namespace) -> int:
    """That somebody looked is in the audit log, too: a receipt says much about a person."""
    one = _look(kit, asked.id)
    if one.picture_key is None:
        raise receipts.PictureGone(f"picture of receipt {one.id}: it was typed in, came twice, or was deleted")
    if kit.storage is None:
        raise Misconfigured("there is nowhere to take it from: set STORAGE_*")
    with kit.db.begin() as tx:
        audit.record(tx, actor=actor(), action="receipt.picture", subject=f"receipt:{one.id}", now=kit.clock.now())
    if asked.link:
        print(kit.storage.presign(one.picture_key, name=one.picture_key.rpartition("/")[2], lives=LINK_LIVES))
        return 0
    content = kit.storage.get(one.picture_key)
    try:
        with asked.to.open("xb") as file:
            file.write(content)
    except OSError as error:
        print(f"{asked.to}: {error.strerror}")
        return 1
    print(f"{plain(str(asked.to))}: {one.media_type}, {len(content)} bytes")
    return 0


def _look(kit: Kit, receipt_id: int) -> receipts.Receipt:
    with kit.db.begin() as tx:
        return receipts.any_receipt(tx, receipt_id)
