"""Telegram Stars: invoices, payments, refunds and subscriptions (Telegram Bot API 10.3, "Payments").

An invoice is {"title", "description", "payload", "amount", "period": 30 days in seconds or None}; one of a message has
also "paid". A charge is what was paid once, a subscription the charges that follow each other every 30 days.
"""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Any

from apps.sandbox.telegram import shapes
from apps.sandbox.telegram.checkouts import Checkout
from apps.sandbox.telegram.errors import bad_request, not_stood_in
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

PERIOD = shapes.SUBSCRIPTION_SECONDS
_NO_ANSWER = "The bot did not answer in time"
_LOOK_EVERY = 0.5  # seconds of real time between looks at the clock


def invoice(args: Json) -> Json:
    """The record of what a bot asks for. Raises ApiError 400 for a currency other than Stars."""
    if args["currency"] != "XTR":
        raise not_stood_in("payments other than in Telegram Stars")
    [price] = args["prices"]
    named = {name: args[name] for name in ("title", "description", "payload")}
    return {**named, "amount": price["amount"], "period": args.get("subscription_period")}


def begin(world: World, person: Person, asked: Json, message: str | None = None) -> Checkout:
    """The person taps Pay: the bot is asked, and has `patience` seconds. `message` is the "chat:message" of an invoice
    that can be paid only once."""
    if person.blocked:
        raise NotAllowed("the bot is blocked")
    if asked.get("paid"):
        raise NotAllowed("this invoice is paid")
    if person.stars < asked["amount"]:
        raise NotAllowed("not enough Stars")
    query_id = str(world.store.state.next_query_id)
    world.store.state.next_query_id += 1
    checkout = Checkout(query_id, person.id, asked, message)
    world.checkouts.begin(checkout, lambda: checkout.end("failed", error=_NO_ANSWER))
    if world.updates.wanted("pre_checkout_query"):
        world.updates.push("pre_checkout_query", shapes.pre_checkout_query(query_id, person.user, asked))
    else:  # nobody will answer: why wait
        checkout.end("failed", error=f"{_NO_ANSWER}: its allowed_updates lack pre_checkout_query")
    return checkout


def answer(world: World, query_id: str, refusal: str | None) -> None:
    """The bot answers a pre-checkout query; `refusal` is its error message. Raises ApiError 400."""
    checkout = world.checkouts.get(query_id)
    if checkout is None or checkout.status != "waiting":
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    person, asked = world.store.chat(checkout.user_id), checkout.invoice
    if refusal is not None:
        checkout.end("failed", error=refusal)
    elif asked.get("paid") or person.stars < asked["amount"]:  # in another window, while the bot thought
        checkout.end("failed", error="Already paid, or not enough Stars")
    else:
        if checkout.message is not None:
            asked["paid"] = True
            _redraw(world, checkout.message)
        checkout.end("paid", charge_id=_first_charge(world, person, asked)["id"])


def refund(world: World, user_id: int, charge_id: str) -> None:
    """Gives back a whole charge. Raises ApiError 400."""
    paid = world.store.state.charges.get(charge_id)
    if paid is None or paid["user_id"] != user_id:
        raise bad_request("CHARGE_NOT_FOUND")
    if paid["refunded"]:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    person = world.store.chat(user_id)
    paid["refunded"] = True
    person.stars += paid["amount"]
    now = world.now()
    world.store.state.transactions.append(shapes.star_transaction(paid, person.user, now, refund=True))
    _tell(world, person, now, {"refunded_payment": shapes.refunded_payment(paid)})


def balance(world: World) -> int:
    """The bot's Stars."""
    return sum(one["amount"] * (1 if "source" in one else -1) for one in world.store.state.transactions)


def subscription(world: World, user_id: int, charge_id: str) -> Json | None:
    """The person's subscription that this charge belongs to, the first or a later one."""
    paid = world.store.state.charges.get(charge_id, {})
    return world.store.state.subscriptions.get(paid.get("of", "")) if paid.get("user_id") == user_id else None


def change(world: World, person: Person, of: Json, state: str) -> None:
    """The person cancels a subscription, or wants it again; it stays paid until its end."""
    renew_due(world)
    if (of["state"], state) not in (("active", "canceled"), ("canceled", "active")) or of["ended"]:
        raise NotAllowed(f"the subscription is {'over' if of['ended'] else of['state']}")
    if state == "active" and of["stopped"]:
        raise NotAllowed("the bot has stopped this subscription")
    of["state"] = state
    _tell_state(world, person, of)


def renew(world: World, of: Json, *, fails: bool = False, at: datetime | None = None) -> None:
    """The next period is paid, on the day or ahead of it; without enough Stars, or if it `fails`, all ends."""
    person = world.store.chat(of["user_id"])
    if of["ended"] or of["state"] != "active" or of["stopped"]:
        raise NotAllowed("the subscription does not renew")
    if fails or person.stars < of["invoice"]["amount"]:
        of.update(state="failed", ended=True)
        _tell_state(world, person, of)
        return
    of["until"] += PERIOD
    _charge(world, person, of["invoice"], at or world.now(), {"of": of["id"], "until": of["until"]})


def renew_due(world: World) -> None:
    """Renews or ends every subscription whose time has come, the earliest first, as often as it has."""
    while running := [one for one in world.store.state.subscriptions.values() if not one["ended"]]:
        first = min(running, key=lambda one: int(one["until"]))
        if first["until"] > world.now().timestamp():
            return
        if first["state"] == "active" and not first["stopped"]:
            renew(world, first, at=datetime.fromtimestamp(first["until"], UTC))
        else:
            first["ended"] = True
            world.store.save()


async def keep_renewing(world: World) -> None:
    """Follows the sandbox's clock until it is cancelled."""
    while True:
        renew_due(world)
        await asyncio.sleep(_LOOK_EVERY)


def _first_charge(world: World, person: Person, asked: Json) -> Json:
    now = world.now()
    if asked["period"] is None:
        return _charge(world, person, asked, now, {})
    until = int(now.timestamp()) + PERIOD
    charge = _charge(world, person, asked, now, {"until": until, "first": True})
    charge["of"] = charge["id"]
    world.store.state.subscriptions[charge["id"]] = {
        "id": charge["id"], "user_id": person.id, "invoice": asked, "until": until,
        "state": "active", "stopped": False, "ended": False,
    }  # fmt: skip
    return charge


def _charge(world: World, person: Person, asked: Json, at: datetime, more: Json) -> Json:
    """Takes the Stars, notes the transaction and tells the bot."""
    state = world.store.state
    charge: Json = {
        "id": f"stx{secrets.token_urlsafe(100)}",  # real ones are as long
        "provider_id": f"{person.id}_{len(state.charges)}",
        "user_id": person.id, "payload": asked["payload"], "amount": asked["amount"], "refunded": False, **more,
    }  # fmt: skip
    state.charges[charge["id"]] = charge
    person.stars -= asked["amount"]
    person.started = True  # who has paid may be written to
    state.transactions.append(shapes.star_transaction(charge, person.user, at, refund=False))
    _tell(world, person, at, {"successful_payment": shapes.successful_payment(charge)})
    return charge


def _tell(world: World, person: Person, at: datetime, content: Json) -> None:
    world.updates.push("message", world.store.add_message(person, person.user, at, content))


def _tell_state(world: World, person: Person, of: Json) -> None:
    changed = {"user": person.user, "invoice_payload": of["invoice"]["payload"], "state": of["state"]}
    world.updates.push("subscription", changed)
    world.store.touch(person)


def _redraw(world: World, message: str) -> None:
    """The message of an invoice looks different from now on; the bot hears nothing of that."""
    chat, _, message_id = message.partition(":")
    person = world.store.chat(int(chat))
    entry = person.entry(int(message_id))
    if entry is not None:
        world.store.replace_message(person, entry, entry.message)
