"""The control API of people and updates, used by the chat page and by tests. JSON under `chat/api`."""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.telegram import people
from apps.sandbox.telegram.errors import ApiError
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.methods.profile import commands_for, description
from apps.sandbox.telegram.routing import body_of, number, person_of, route
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]

LONGEST_WAIT = 50.0  # seconds


class ChatApi:
    """What people do, and what they see."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `chat/api`."""
        one = "/users/{id:int}"
        return [
            route("/users", self.list_people, "GET"),
            route("/users", self.add_person, "POST"),
            route(f"{one}/menu", self.menu, "GET"),
            route(f"{one}/messages", self.messages, "GET"),
            route(f"{one}/read", self.read, "POST"),
            route(f"{one}/text", self.text, "POST"),
            route(f"{one}/tap", self.tap, "POST"),
            route(f"{one}/file", self.file, "POST"),
            route(f"{one}/contact", self.contact, "POST"),
            route(f"{one}/block", self.block, "POST"),
            route(f"{one}/unblock", self.unblock, "POST"),
            route(f"{one}/files/{{file_id}}", self.download, "GET"),
            route("/updates", self.push_update, "POST"),
        ]

    async def list_people(self, _request: Request) -> Response:
        """[User + {"started", "blocked", "unread", "version", "last": {"text", "date", "out"} | null}]."""
        return JSONResponse([_summary(person) for person in self._world.store.state.people.values()])

    async def add_person(self, request: Request) -> Response:
        """{"first_name", "last_name"?, "username"?, "language_code"?} -> User, who has not started the bot yet."""
        profile = await body_of(request, "first_name")
        return JSONResponse(self._world.store.add_person(profile).user, 201)

    async def menu(self, request: Request) -> Response:
        """{"bot": User, "commands": [BotCommand], "description"}: what this person sees of the bot."""
        person = person_of(self._world, request)
        text = description(self._world, "description", person.user.get("language_code"))
        commands = commands_for(self._world, person)
        return JSONResponse({"bot": self._world.bot, "commands": commands, "description": text})

    async def messages(self, request: Request) -> Response:
        """Long poll: what changed after version `after`, waiting up to `wait` seconds for a change.

        {"version", "messages": [Message], "deleted": [message_id], "toast": {"text", "alert", "url"} | null,
        "action": "typing" ... | null, "keyboard": ReplyKeyboardMarkup + {"used"?} | null, "started",
        "blocked"}
        """
        person = person_of(self._world, request)
        after = number(request, "after")
        wait = number(request, "wait")
        if person.version <= after and wait > 0:
            with suppress(asyncio.CancelledError):  # the server stops: what there is now is the answer
                await self._world.store.wait_for_change(person, min(wait, LONGEST_WAIT))
        changed = [entry for entry in person.entries if entry.version > after]
        toast = person.toast if person.toast and person.toast["version"] > after else None
        return JSONResponse(
            {
                "version": person.version,
                "messages": [self._shown(entry.message) for entry in changed if entry.message is not None],
                "deleted": [entry.id for entry in changed if entry.message is None],
                "toast": toast,
                "action": self._world.store.action(person),
                "keyboard": person.keyboard,
                "started": person.started,
                "blocked": person.blocked,
            }
        )

    async def read(self, request: Request) -> Response:
        """The person has seen everything. -> {}"""
        person_of(self._world, request).unread = 0
        self._world.store.save()
        return JSONResponse({})

    async def text(self, request: Request) -> Response:
        """{"text"} -> Message."""
        person = person_of(self._world, request)
        body = await body_of(request, "text")
        return JSONResponse(people.send_text(self._world, person, body["text"]))

    async def tap(self, request: Request) -> Response:
        """{"message_id", "data"} -> {"callback_query_id"}."""
        person = person_of(self._world, request)
        body = await body_of(request, "message_id", "data")
        return JSONResponse({"callback_query_id": people.tap(self._world, person, body["message_id"], body["data"])})

    async def file(self, request: Request) -> Response:
        """Multipart with a part `photo` or `document`, and `caption`? -> Message. -> [Message], an album, if there are
        2 to 10 such parts."""
        person = person_of(self._world, request)
        async with request.form() as form:
            parts = [(kind, part) for kind, part in form.multi_items() if isinstance(part, UploadFile)]
            uploads = [Upload(part.filename or "file", part.content_type or "", await part.read()) for _, part in parts]
            caption = form.get("caption") or ""
        kinds = {kind for kind, _ in parts}
        if len(kinds) != 1 or not kinds <= {"photo", "document"} or not isinstance(caption, str):
            raise people.NotAllowed("parts named photo, or parts named document are wanted")
        [kind] = kinds
        if len(uploads) > 1:
            return JSONResponse(await people.send_album(self._world, person, kind, uploads, caption))
        return JSONResponse(await people.send_file(self._world, person, kind, uploads[0], caption))

    async def contact(self, request: Request) -> Response:
        """{"phone_number"?, "user_id"?, "first_name"?} -> Message. It is the person's own contact, unless a user_id
        (null: nobody at Telegram) says whose."""
        person = person_of(self._world, request)
        body = await body_of(request)
        phone_number = str(body.get("phone_number", f"+38067{person.id % 10**7:07}"))
        contact = people.own_contact(person, phone_number)
        if body.get("user_id", person.id) != person.id:
            name = str(body.get("first_name") or "Somebody")
            contact = {"phone_number": phone_number, "first_name": name, "user_id": body["user_id"]}
        return JSONResponse(people.share_contact(self._world, person, contact))

    async def block(self, request: Request) -> Response:
        """The person blocks the bot. -> {}"""
        people.block(self._world, person_of(self._world, request), blocked=True)
        return JSONResponse({})

    async def unblock(self, request: Request) -> Response:
        """The person lets the bot in again. -> {}"""
        people.block(self._world, person_of(self._world, request), blocked=False)
        return JSONResponse({})

    async def download(self, request: Request) -> Response:
        """The bytes of a file: photos to be shown, documents to be saved under `?name=`."""
        person_of(self._world, request)
        path = self._world.files.by_id(request.path_params["file_id"])
        if path is None:
            raise ApiError(404, "there is no such file")
        name = request.query_params.get("name")
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}
        if path.parent.name == "photos" and name is None:
            return FileResponse(path, media_type="image/jpeg", headers=headers)
        return FileResponse(path, media_type="application/octet-stream", filename=name or path.name, headers=headers)

    async def push_update(self, request: Request) -> Response:
        """A raw update, queued as it is. -> {"update_id"}."""
        return JSONResponse({"update_id": self._world.updates.push_raw(await body_of(request))})

    def _shown(self, message: Json) -> Json:
        """The message with what only people see: whether an invoice is `paid`."""
        asked = self._world.store.state.invoice_messages.get(f"{message['chat']['id']}:{message['message_id']}")
        return message if asked is None else {**message, "paid": bool(asked.get("paid"))}


def _summary(person: Person) -> Json:
    last = next((e.message for e in reversed(person.entries) if e.message is not None), None)
    shown = None
    if last is not None:
        text = last.get("text") or last.get("caption") or _CONTENT_NAMES.get(_content_of(last), "")
        shown = {"text": text[:80], "date": last["date"], "out": not last["from"]["is_bot"]}
    state = {name: getattr(person, name) for name in ("started", "blocked", "unread", "version")}
    return {**person.user, **state, "last": shown}


_CONTENT_NAMES = {
    "photo": "Photo", "document": "Document", "contact": "Contact", "invoice": "Invoice",
    "successful_payment": "Payment", "refunded_payment": "Refund",
}  # fmt: skip


def _content_of(message: Json) -> str:
    return next((name for name in _CONTENT_NAMES if name in message), "")
