"""What `doctor` says of licence keys."""

from __future__ import annotations

from apps.console.findings import Trouble
from services import catalog, provisioning
from services.kit import Kit


def licence_keys(kit: Kit) -> str:
    with kit.db.begin() as tx:
        goods = [good for good in catalog.goods(tx) if good.kind == "licence"]
        free = {one.pool: one.free for one in provisioning.licences.pools(tx)}
    signed = [good.name for good in goods if good.options.get("signed")]
    if signed and not kit.settings.licence_signing_key:
        remedy = "set LICENCE_SIGNING_KEY: python -m apps.console licences signing-key makes one"
        raise Trouble(f"{', '.join(signed)} cannot be signed", remedy)
    sold = sorted({str(good.options["pool"]) for good in goods if "pool" in good.options})
    if empty := [pool for pool in sold if not free.get(pool)]:
        remedy = "import more: python -m apps.console licences import POOL FILE.csv"
        raise Trouble(f"nothing is left in {', '.join(empty)}", remedy)
    if not goods:
        return "none are sold"
    return ", ".join([*(f"{free[pool]} in {pool}" for pool in sold), *(f"{name} is signed" for name in signed)])
