"""The bot itself, its menu and descriptions; chats and files it asks about."""

import json
from collections.abc import Mapping
from typing import Any

from apps.sandbox.telegram import channel_shapes, shapes
from apps.sandbox.telegram.files import Upload
from apps.sandbox.telegram.methods.channels import reached
from apps.sandbox.telegram.store import Person
from apps.sandbox.telegram.world import World

Json = dict[str, Any]


async def get_me(world: World, _args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getMe."""
    return shapes.me(world.bot)


async def get_chat(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getChat: of a person, or of a channel or supergroup that the bot is in."""
    if args["chat_id"] in world.store.state.channels:
        return channel_shapes.full_chat(reached(world, args["chat_id"]))
    return shapes.full_chat(world.store.chat(args["chat_id"]).user)


async def get_file(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getFile."""
    return world.files.info(args["file_id"])


async def set_my_commands(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, setMyCommands."""
    world.store.state.commands[_key(args.get("scope"), args.get("language_code"))] = args["commands"]
    world.store.save()
    return True


async def get_my_commands(world: World, args: Json, _uploads: Mapping[str, Upload]) -> list[Json]:
    """Telegram Bot API, getMyCommands: those set for exactly this scope and language."""
    return world.store.state.commands.get(_key(args.get("scope"), args.get("language_code")), [])


def commands_for(world: World, person: Person) -> list[Json]:
    """The menu a person sees (Telegram Bot API, BotCommandScope, "Determining list of commands")."""
    language = person.user.get("language_code")
    for scope in ({"type": "chat", "chat_id": person.id}, {"type": "all_private_chats"}, None):
        for code in (language, None):
            commands = world.store.state.commands.get(_key(scope, code))
            if commands:
                return commands
    return []


async def set_my_description(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, setMyDescription."""
    return _describe(world, "description", args)


async def get_my_description(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getMyDescription."""
    return {"description": description(world, "description", args.get("language_code"))}


async def set_my_short_description(world: World, args: Json, _uploads: Mapping[str, Upload]) -> bool:
    """Telegram Bot API, setMyShortDescription."""
    return _describe(world, "short_description", args)


async def get_my_short_description(world: World, args: Json, _uploads: Mapping[str, Upload]) -> Json:
    """Telegram Bot API, getMyShortDescription."""
    return {"short_description": description(world, "short_description", args.get("language_code"))}


def description(world: World, kind: str, language: str | None) -> str:
    """The description people with this language see; the general one where there is no own."""
    texts = world.store.state.descriptions
    return texts.get(f"{kind}:{language or ''}") or texts.get(f"{kind}:", "")


def _describe(world: World, kind: str, args: Json) -> bool:
    world.store.state.descriptions[f"{kind}:{args.get('language_code', '')}"] = args.get(kind, "")
    world.store.save()
    return True


def _key(scope: Json | None, language: str | None) -> str:
    named = scope if scope is not None and scope != {"type": "default"} else None
    return json.dumps([named, language or None], sort_keys=True)
