"""The release phase: what must be true before new code runs. A failed migration stops the release."""

from __future__ import annotations

from apps.lifetime import begin
from services.platform import migrate


def main(arguments: list[str]) -> int:
    if arguments:
        print("release takes no arguments")
        return 2
    kit = begin("release", pool="console")
    with kit.db.engine.connect() as connection:
        before, newest = migrate.levels(connection)
    migrate.upgrade(kit.settings.database_url.get_secret_value())
    print(f"database: {before or 'empty'} -> {newest}")
    kit.close()
    return 0
