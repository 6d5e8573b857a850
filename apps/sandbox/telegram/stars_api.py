"""The control API of payments in Stars, used by the chat page and by tests. JSON under `chat/api`."""

from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.telegram import stars
from apps.sandbox.telegram.checkouts import Checkout
from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.people import NotAllowed
from apps.sandbox.telegram.routing import body_of, number, person_of, route
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

LONGEST_WAIT = 50.0  # seconds


class StarsApi:
    """What people pay, and what becomes of their subscriptions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `chat/api`."""
        one = "/users/{id:int}"
        subscription = f"{one}/subscriptions/{{charge}}"
        return [
            route("/invoices/{slug}", self.invoice, "GET"),
            route(f"{one}/pay_invoice", self.pay, "POST"),
            route(f"{one}/checkouts/{{checkout}}", self.checkout, "GET"),
            route(f"{one}/stars", self.stars, "GET"),
            route(f"{one}/stars", self.set_stars, "POST"),
            route(f"{subscription}/cancel", self.cancel, "POST"),
            route(f"{subscription}/resume", self.resume, "POST"),
            route(f"{subscription}/renew", self.renew, "POST"),
            route("/stars/transactions", self.push_transaction, "POST"),
        ]

    async def invoice(self, request: Request) -> Response:
        """What a link asks for: {"title", "description", "amount", "period"}."""
        asked = linked(self._world, request.path_params["slug"])
        return JSONResponse({name: asked[name] for name in ("title", "description", "amount", "period")})

    async def pay(self, request: Request) -> Response:
        """{"message_id"} or {"link"}, "wait"? -> {"id", "status": "waiting"|"paid"|"failed", "error", "charge_id"}.

        The answer comes when it has ended, at the latest after `wait` seconds (0). `forwarded_from` is the person whose
        chat with the bot the message was forwarded from, so that somebody else pays it."""
        person = person_of(self._world, request)
        body = await body_of(request)
        if "link" in body:
            slug = unquote(urlsplit(str(body["link"])).path.rpartition("/")[2]).removeprefix("$")
            checkout = stars.begin(self._world, person, linked(self._world, slug))
        elif "message_id" in body:
            checkout = self._pay_message(person, body["message_id"], body.get("forwarded_from"))
        else:
            raise NotAllowed("missing: message_id or link")
        await checkout.wait(min(float(body.get("wait", 0)), LONGEST_WAIT))
        return JSONResponse(checkout.shown())

    async def checkout(self, request: Request) -> Response:
        """Checkout, waiting up to `wait` seconds for its end."""
        found = self._world.checkouts.get(request.path_params["checkout"])
        if found is None or found.user_id != person_of(self._world, request).id:
            raise ApiError(404, "there is no such checkout")
        await found.wait(min(number(request, "wait"), LONGEST_WAIT))
        return JSONResponse(found.shown())

    async def stars(self, request: Request) -> Response:
        """{"balance", "subscriptions": [{"id": its first charge, "title", "amount", "until", "state", "ended"}]}."""
        person = person_of(self._world, request)
        stars.renew_due(self._world)
        own = [one for one in self._world.store.state.subscriptions.values() if one["user_id"] == person.id]
        return JSONResponse({"balance": person.stars, "subscriptions": [_subscription(one) for one in own]})

    async def set_stars(self, request: Request) -> Response:
        """{"balance"} -> {}"""
        person = person_of(self._world, request)
        person.stars = int((await body_of(request, "balance"))["balance"])
        self._world.store.touch(person)
        return JSONResponse({})

    async def cancel(self, request: Request) -> Response:
        """The person cancels the subscription that a charge belongs to. -> the subscription."""
        return self._change(request, "canceled")

    async def resume(self, request: Request) -> Response:
        """The person wants it again. -> the subscription."""
        return self._change(request, "active")

    async def renew(self, request: Request) -> Response:
        """{"fails"?: false} -> the subscription, renewed or failed now instead of at its time."""
        fails = bool((await body_of(request)).get("fails"))
        found = self._subscription(request)
        stars.renew(self._world, found, fails=fails)
        return JSONResponse(_subscription(found))

    async def push_transaction(self, request: Request) -> Response:
        """A raw StarTransaction, listed as it is. -> {}"""
        self._world.store.state.transactions.append(await body_of(request))
        self._world.store.save()
        return JSONResponse({})

    def _pay_message(self, person: Person, message_id: int, forwarded_from: int | None) -> Checkout:
        chat = person if forwarded_from is None else self._world.store.chat(forwarded_from)
        place = f"{chat.id}:{message_id}"
        asked = self._world.store.state.invoice_messages.get(place)
        entry = chat.entry(message_id)
        if asked is None or entry is None or entry.message is None:
            raise NotAllowed("there is no such invoice")
        if forwarded_from is None:
            return stars.begin(self._world, person, asked, place)
        if entry.message["invoice"]["start_parameter"]:
            raise NotAllowed("a forwarded copy of this invoice leads to the bot instead of to a payment")
        return stars.begin(self._world, person, {**asked, "paid": False})

    def _change(self, request: Request, state: str) -> Response:
        found = self._subscription(request)
        stars.change(self._world, person_of(self._world, request), found, state)
        return JSONResponse(_subscription(found))

    def _subscription(self, request: Request) -> Json:
        person = person_of(self._world, request)
        found = stars.subscription(self._world, person.id, request.path_params["charge"])
        if found is None:
            raise ApiError(404, "there is no such subscription")
        return found


def linked(world: World, slug: str) -> Json:
    """The invoice of a link. Raises ApiError 404."""
    with suppress(KeyError):
        return world.store.state.links[slug]
    raise ApiError(404, "there is no such invoice")


def _subscription(one: Json) -> Json:
    shown = {name: one[name] for name in ("id", "until", "state", "stopped", "ended")}
    return {**shown, "title": one["invoice"]["title"], "amount": one["invoice"]["amount"]}
