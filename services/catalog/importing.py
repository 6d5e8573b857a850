"""The operator's catalogue file (TOML) into the tariffs table. See docs/catalogue.md for its form."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from services.catalog.goods import goods, store
from services.catalog.importing_goods import read_goods, unknown_of
from services.catalog.models import TariffRow
from services.catalog.period import Period
from services.catalog.tariffs import AUDIENCES
from services.platform.errors import Invalid
from services.platform.i18n import LANGUAGES
from services.platform.money import EXPONENTS, BadAmount, Money

SLUG = re.compile(r"[a-z][a-z0-9-]{0,30}")
ACCESS = ["wireguard"]
TRAFFIC_RESETS = ("period", "none", "day", "week", "month", "month_rolling")
GIGABYTE = 10**9
RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
LONGEST = {"name": 60, "description": 1500}  # what fits a button, and a card within Telegram's 4096
KNOWN = {
    "slug", "product", "name", "description", "features", "prices", "period", "tokens", "subscription_fee",
    "minimum_payment", "traffic_gb", "devices", "speed_mbps", "locations", "access", "order", "active", "audience",
    "grace", "top_up", "token_rate", "token_floor", "traffic_reset",
}  # fmt: skip


class BadCatalogue(Invalid):
    """`faults` names every fault of the file with its tariff; nothing of the file was applied."""

    code: ClassVar[str] = "bad_catalogue"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(slots=True)
class ImportReport:
    """Slugs. `untouched` are tariffs which the file does not name: they stay as they are."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)


def import_catalogue(tx: Session, toml: str, now: datetime) -> ImportReport:
    """Applies the whole file or nothing. A changed tariff gets the next revision; what was sold under the earlier one
    keeps its terms. Raises BadCatalogue."""
    report = ImportReport()
    described, offers = _read(toml, {good.name: good.kind for good in goods(tx)})
    for good in described:
        store(tx, good, now)
    rows = {row.slug: row for row in tx.query(TariffRow)}
    for position, offer in enumerate(offers):
        values = {"position": position, **offer}
        row = rows.pop(values["slug"], None)
        if row is None:
            tx.add(TariffRow(**values, revision=1, updated_at=now))
            report.added.append(values["slug"])
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.revision, row.updated_at = row.revision + 1, now
            report.changed.append(row.slug)
        else:
            report.same.append(row.slug)
    report.untouched = sorted(rows)
    return report


def _read(toml: str, known_goods: dict[str, str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Goods and tariffs, as rows. `known_goods` are those of earlier files, with their kinds."""
    try:
        document = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise BadCatalogue([f"not TOML: {error}"]) from None
    offers = document.get("tariff")
    if not isinstance(offers, list) or not all(isinstance(offer, dict) for offer in offers):
        raise BadCatalogue(["there is no [[tariff]] in it"])
    faults: list[str] = []
    described = read_goods(document, faults)
    read = [
        _Offer(offer, f"tariff {offer.get('slug', number)!r}", faults).values() for number, offer in enumerate(offers)
    ]
    times = Counter(values["slug"] for values in read if isinstance(values["slug"], str))
    faults += [f"tariff {slug!r}: given twice" for slug, count in sorted(times.items()) if count > 1]
    names = {*known_goods, *(good["name"] for good in described if isinstance(good["name"], str))}
    for good in described:
        if known_goods.get(good["name"], good["kind"]) != good["kind"]:
            faults.append(f"good {good['name']!r}: is a {known_goods[good['name']]} and stays one")
    for values in read:
        for word in unknown_of(values["access"]["kinds"], names):
            faults.append(f"tariff {values['slug']!r}: access has neither a good nor a kind {word!r}")
    if faults:
        raise BadCatalogue(faults)
    return described, read


class _Offer:
    """Reads one [[tariff]], noting every fault instead of stopping at the first."""

    def __init__(self, given: dict[str, Any], where: str, faults: list[str]) -> None:
        self._given, self._where, self._faults = given, where, faults

    def values(self) -> dict[str, Any]:
        for name in sorted(set(self._given) - KNOWN):
            self._fault(name, "is not known")
        slug = self._given.get("slug")
        if not isinstance(slug, str) or not SLUG.fullmatch(slug):
            self._fault("slug", "must be 1 to 31 of a-z, 0-9 and -, beginning with a letter")
        traffic = self._whole("traffic_gb", None)
        values = {
            "slug": slug,
            "product": self._product(slug),
            "name": self._texts("name"),
            "description": self._texts("description"),
            "features": self._features(),
            "prices": self._amounts("prices", required=not self._is_sold_otherwise()),
            "period": self._period("period"),
            "grace": self._period("grace") if "grace" in self._given else None,
            "tokens": self._whole("tokens", 0),
            "subscription_fee": self._whole("subscription_fee", 0),
            "minimum_payments": self._amounts("minimum_payment", required=False),
            "top_up": self._sums("top_up") or None,
            "token_rate": self._rates("token_rate") or None,
            "token_floor": self._whole("token_floor", 0) or None,
            "traffic_bytes": traffic * GIGABYTE if traffic else None,
            "devices": self._whole("devices", None),
            "speed_mbps": self._whole("speed_mbps", None),
            "locations": {"codes": self._words("locations", [])},
            "access": {"kinds": self._words("access", ACCESS)},
            "traffic_reset": self._traffic_reset(),
            "active": self._active(),
            "audience": self._given.get("audience", "all"),
        }
        if values["audience"] not in AUDIENCES:
            self._fault("audience", f"must be one of {', '.join(AUDIENCES)}")
        if astray := sorted(set(values["top_up"] or {}) - set(values["token_rate"] or {})):
            self._fault("top_up", f"has no token_rate for {', '.join(astray)}")
        if (order := self._whole("order", None)) is not None:
            values["position"] = order
        return values

    def _fault(self, name: str, problem: str) -> None:
        self._faults.append(f"{self._where}: {name} {problem}")

    def _product(self, slug: object) -> object:
        product = self._given.get("product", slug)
        if product is not slug and not (isinstance(product, str) and SLUG.fullmatch(product)):
            self._fault("product", "must be 1 to 31 of a-z, 0-9 and -, beginning with a letter")
        return product

    def _active(self) -> bool:
        active = self._given.get("active", True)
        if not isinstance(active, bool):
            self._fault("active", "must be true or false")
        return active is True

    def _texts(self, name: str) -> dict[str, str]:
        given = self._given.get(name)
        if not isinstance(given, dict) or not given or not all(isinstance(text, str) for text in given.values()):
            self._fault(name, 'must be texts by language: {ru = "...", uk = "...", en = "..."}')
            return {}
        for code in sorted(set(given) - set(LANGUAGES)):
            self._fault(name, f"has an unknown language {code!r}")
        if any(len(text) > LONGEST[name] for text in given.values()):
            self._fault(name, f"may have {LONGEST[name]} characters")
        return given

    def _features(self) -> dict[str, list[str]]:
        given = self._given.get("features", {})
        if not isinstance(given, dict) or not all(
            isinstance(lines, list) and all(isinstance(line, str) for line in lines) for lines in given.values()
        ):
            self._fault("features", "must be lists of lines by language")
            return {}
        if any(len(lines) > 10 or any(len(line) > 100 for line in lines) for lines in given.values()):
            self._fault("features", "may have 10 lines of 100 characters")
        return given

    def _amounts(self, name: str, *, required: bool = True) -> dict[str, int]:
        given = self._given.get(name, {})
        if not isinstance(given, dict) or (required and not given):
            self._fault(name, 'must be amounts by currency: {RUB = "299.00"}')
            return {}
        return {currency: self._amount(name, currency, text) for currency, text in given.items()}

    def _is_sold_otherwise(self) -> bool:
        """A trial is given, and tokens may be sold by the sum."""
        return self._given.get("audience") == "trial" or "token_rate" in self._given

    def _sums(self, name: str) -> dict[str, list[int]]:
        given = self._given.get(name, {})
        if not isinstance(given, dict) or not all(isinstance(sums, list) and sums for sums in given.values()):
            self._fault(name, 'must be lists of amounts by currency: {RUB = ["200.00", "500.00"]}')
            return {}
        if any(len(sums) > 8 for sums in given.values()):
            self._fault(name, "may have 8 amounts of a currency")
        return {currency: [self._amount(name, currency, text) for text in sums] for currency, sums in given.items()}

    def _amount(self, name: str, currency: str, text: object) -> int:
        try:
            amount = Money.parse(text, currency)  # type: ignore[arg-type]  # it refuses what is no text
        except BadAmount as error:
            self._fault(name, f"{currency}: {error}")
            return 0
        if amount.minor <= 0:
            self._fault(name, f"{currency}: must be above zero")
        return amount.minor

    def _rates(self, name: str) -> dict[str, str]:
        given = self._given.get(name, {})
        if not isinstance(given, dict):
            self._fault(name, 'must be decimals by currency: {RUB = "1"}')
            return {}
        for currency, text in given.items():
            if currency not in EXPONENTS or not isinstance(text, str) or not RATE.fullmatch(text) or not float(text):
                self._fault(name, f"{currency}: must be a decimal above zero in quotes, with 6 digits after the point")
        return given

    def _period(self, name: str) -> dict[str, Any]:
        given = self._given.get(name)
        units = {"hours": "hour", "days": "day", "months": "month"}
        if isinstance(given, dict) and len(given) == 1:
            (unit, count), *_ = given.items()
            if unit in units and type(count) is int and 1 <= count <= 10_000:
                return Period(count, units[unit]).to_json()
        self._fault(name, "must be one of {hours = N}, {days = N}, {months = N}")
        return {}

    def _whole(self, name: str, default: int | None) -> int | None:
        given = self._given.get(name, default)
        if given is not None and (type(given) is not int or not 0 <= given <= 10**9):
            self._fault(name, "must be a whole number")
            return default
        return given

    def _traffic_reset(self) -> str | None:
        """None stands for the usual one, "period"."""
        given = self._given.get("traffic_reset", TRAFFIC_RESETS[0])
        if given not in TRAFFIC_RESETS:
            self._fault("traffic_reset", f"must be one of {', '.join(TRAFFIC_RESETS)}")
        return None if given == TRAFFIC_RESETS[0] else given

    def _words(self, name: str, default: list[str]) -> list[str]:
        given = self._given.get(name, default)
        if not isinstance(given, list) or not all(isinstance(word, str) and word for word in given):
            self._fault(name, "must be a list of words")
            return []
        if len(set(given)) != len(given):
            self._fault(name, "names something twice")
        return given
