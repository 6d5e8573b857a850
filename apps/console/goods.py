"""What tariffs deliver, and putting files where they are delivered from."""

from __future__ import annotations

import argparse
import mimetypes
import re
from pathlib import Path

from apps.console.terminal import run
from services import catalog
from services.kit import Kit
from services.platform.errors import Invalid, Misconfigured
from services.platform.storage import NoSuchFile, Storage

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
LARGEST = 5 * 10**9  # bytes: what S3 takes in one piece


def main(arguments: list[str]) -> int:
    return run(read(arguments))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m apps.console goods", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="goods of the catalogue; of files, whether they are in storage")
    listing.set_defaults(run=list_goods)
    uploading = commands.add_parser("upload", help="put a file into storage, or another in its place")
    uploading.add_argument("name", metavar="NAME", help="what a good of the kind file calls it in its field `file`")
    uploading.add_argument("file", metavar="FILE", type=Path)
    uploading.set_defaults(run=upload)
    return parser.parse_args(arguments)


def list_goods(kit: Kit, _asked: argparse.Namespace) -> int:
    with kit.db.begin() as tx:
        found = catalog.goods(tx)
    for good in found:
        print(f"{good.name:31} {good.kind:10} {_state(kit, good)}".rstrip())
    if not found:
        print("The catalogue describes no goods.")
    return 0


def upload(kit: Kit, asked: argparse.Namespace) -> int:
    """Its owners get the new content when their access is applied the next time, and by links at once."""
    path: Path = asked.file
    if not NAME.fullmatch(asked.name) or ".." in asked.name:
        raise Invalid("NAME is letters, digits and . _ - /, beginning with a letter or a digit")
    if not path.is_file():
        raise Invalid(f"there is no file {path}")
    size = path.stat().st_size
    if not 0 < size <= LARGEST:
        raise Invalid(f"{path} has {size} bytes: 1 to {LARGEST} can be stored")
    with path.open("rb") as content:
        _storage(kit).put(asked.name, content, mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    print(f"{asked.name}: {size} bytes are in storage. A good delivers them with:")
    print(f'  [[good]]\n  name = "..."\n  kind = "file"\n  file = "{asked.name}"\n  file_name = "{path.name}"')
    return 0


def _state(kit: Kit, good: catalog.Good) -> str:
    if good.kind != "file":
        return ""
    key = str(good.options["file"])
    try:
        return f"{key}: {_storage(kit).look(key).size} bytes"
    except NoSuchFile:
        return f"{key}: not in storage, goods upload {key} FILE puts it there"


def _storage(kit: Kit) -> Storage:
    if kit.storage is None:
        raise Misconfigured("there is no storage: set STORAGE_ENDPOINT, _BUCKET, _ACCESS_KEY and _SECRET_KEY")
    return kit.storage
