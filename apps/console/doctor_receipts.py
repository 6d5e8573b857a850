"""Whether receipts can be sent, are read and decided, and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from apps.console.findings import Trouble
from apps.console.receipt_views import waited
from apps.console.terminal import amount
from services import receipts
from services.kit import Kit
from services.platform.money import Money
from services.receipts import rules

REVIEW_WITHIN = timedelta(days=1)
# How long a receipt may be in a state, and which process brings it on.
STATIONS = {
    "received": (
        timedelta(minutes=15),
        "is ocr-worker up, or jobs? heroku ps:scale ocr-worker=1, and look at its logs",
    ),
    "read": (
        timedelta(minutes=15),
        "is rules-worker up, or jobs? heroku ps:scale rules-worker=1, and look at its logs",
    ),
    "approved": (timedelta(minutes=15), "is jobs up? look at its logs"),
    "receiving": (timedelta(hours=2), "is clock up? it gives up what never arrived"),
}
NEARLY = 10  # percent of a budget


def checks() -> list[tuple[str, Callable[[Kit], str]]]:
    return [
        ("Receipts", sending),
        ("Receipts read", reading),
        ("Receipt campaigns", campaigns),
        ("Receipts on their way", moving),
        ("Receipts in review", reviewing),
    ]


def sending(kit: Kit) -> str:
    """Whether anybody can send one."""
    if not _running(kit):
        return "nothing is promised for them; docs/receipts.md says how to begin"
    if kit.storage is None:
        raise Trouble("campaigns run, and pictures cannot be kept", "set STORAGE_*")
    return f"pictures are kept for {kit.settings.receipt_picture_days} days after they were decided"


def reading(kit: Kit) -> str:
    """Whether print can be read on this machine."""
    found = receipts.ocr.find_languages(kit.settings.tessdata_prefix)
    if not found.missing:
        return f"{', '.join(found.names)} in {found.path}"
    says = f"tesseract's files are missing for {', '.join(found.missing)}"
    if not _running(kit):
        return f"{says}; not needed while nothing is promised"
    remedy = "install the packages of the Aptfile (heroku buildpacks:add heroku-community/apt), or set TESSDATA_PREFIX"
    raise Trouble(f"{says}: such receipts wait for people", remedy)


def campaigns(kit: Kit) -> str:
    """What is left of the budgets of those that run."""
    says, spent = [], []
    for standing in _running(kit):
        campaign = standing.campaign
        left = Money(max(campaign.budget - standing.spent.minor, 0), campaign.currency)
        says.append(f"{campaign.slug} has {amount(left)} left")
        if left.minor * 100 < campaign.budget * NEARLY:
            spent.append(campaign.slug)
    if spent:
        remedy = (
            "raise the budget in the file and import it again, or: python -m apps.console receipts campaigns stop SLUG"
        )
        raise Trouble(f"{', '.join(says)}; nearly all is spent of {', '.join(spent)}", remedy)
    return ", ".join(says) or "none runs"


def moving(kit: Kit) -> str:
    """The first state in which receipts have been for too long."""
    waiting, now = _waiting(kit), kit.clock.now()
    for state, (longest, remedy) in STATIONS.items():
        found = waiting.get(state)
        if found and now - found.since > longest:
            raise Trouble(f"{found.count} are {state}, one for {waited(now - found.since)}", remedy)
    return f"{sum(found.count for state, found in waiting.items() if state in STATIONS)}, none for too long"


def reviewing(kit: Kit) -> str:
    found, now = _waiting(kit).get("review"), kit.clock.now()
    if found is None:
        return "none"
    says = f"{found.count} wait for a person, one for {waited(now - found.since)}"
    if now - found.since > REVIEW_WITHIN:
        raise Trouble(says, "python -m apps.console receipts review")
    return says


def _running(kit: Kit) -> list[rules.CampaignStanding]:
    try:
        with kit.db.begin() as tx:
            return [rules.standing(tx, one.slug) for one in rules.running(tx, kit.clock.now())]
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None


def _waiting(kit: Kit) -> dict[str, receipts.Waiting]:
    try:
        with kit.db.begin() as tx:
            return receipts.waiting(tx)
    except SQLAlchemyError:
        raise Trouble("cannot be read", "mend the database first") from None
