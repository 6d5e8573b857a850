"""The panel's jobs, computed from the clock when somebody asks: what they would have done since the last time."""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import heappop, heappush

from apps.sandbox.remnawave.dates import moment, stamp
from apps.sandbox.remnawave.journal import Journal
from apps.sandbox.remnawave.settings import Settings
from apps.sandbox.remnawave.users import User, Users

Tell = Callable[..., None]  # (event, user, **meta)
EXPIRED_EVERY, EXCEEDED_EVERY = timedelta(seconds=30), timedelta(seconds=45)
RESETS = {"DAY": time(0, 5), "MONTH_ROLLING": time(0, 10), "WEEK": time(0, 15), "MONTH": time(0, 20)}
REMINDERS = {  # hours from the expiry -> the name before 2.8
    -72: "user.expires_in_72_hours",
    -48: "user.expires_in_48_hours",
    -24: "user.expires_in_24_hours",
    24: "user.expired_24_hours_ago",
}
RUNNING = ("ACTIVE", "LIMITED")


class Jobs:
    """Expired users every 30 s, exceeded traffic every 45 s, resets by the panel's calendar, reminders of expiry."""

    def __init__(self, journal: Journal, users: Users, settings: Settings, tell: Tell, now: datetime) -> None:
        self._journal, self._users, self._settings, self._tell = journal, users, settings, tell
        kept = journal.of("counter").get("jobs")
        self._last = moment(kept) if kept else now
        self._ends: list[tuple[str, int]] = []  # heap of (expireAt, id); a date that was changed is passed over
        self._armed: dict[int, str] = {}
        self._reminders: list[tuple[str, int, int, str]] = []  # heap of (when, id, hours, expireAt)
        self._over: set[int] = set()  # may have used up their traffic
        if not kept:
            self._keep()
        for user in users:
            self.watch(user)

    def watch(self, user: User) -> None:
        """This user has changed, or is new."""
        number, ends = user["id"], user["expireAt"]
        if user["status"] in RUNNING and self._armed.get(number) != ends:
            self._armed[number] = ends
            heappush(self._ends, (ends, number))
            for hours in REMINDERS:
                when = moment(ends) + timedelta(hours=hours)
                if when > self._last:
                    heappush(self._reminders, (stamp(when), number, hours, ends))
        if user["status"] == "ACTIVE" and _exceeded(user):
            self._over.add(number)

    def catch_up(self, now: datetime) -> None:
        if now > self._last:
            if self._over and _tick(now, EXCEEDED_EVERY) > self._last:
                self._limit()
            turned = self._reset(now)
            if (tick := _tick(now, EXPIRED_EVERY)) > self._last:
                self._expire(stamp(tick))
            self._remind(stamp(now))
            self._last = now
            if turned:
                self._keep()  # a reset must not come again after a restart
        self._last = now

    def _limit(self) -> None:
        for number in sorted(self._over):
            user = self._users.find("id", number)
            if user and user["status"] == "ACTIVE" and _exceeded(user):
                user["status"] = "LIMITED"
                self._users.save(user)
                self._tell("user.limited", user)
        self._over.clear()

    def _expire(self, tick: str) -> None:
        changed = []
        while self._ends and self._ends[0][0] < tick:
            ends, number = heappop(self._ends)
            if self._armed.get(number) == ends:
                del self._armed[number]
            user = self._users.find("id", number)
            if user and user["expireAt"] == ends and user["status"] in RUNNING:
                user["status"] = "EXPIRED"
                changed.append(user)
        if changed:
            self._users.save(*changed)
        for user in changed:
            self._tell("user.expired", user)

    def _reset(self, now: datetime) -> bool:
        """Whether a job of the calendar had to run. Only of those whom it revives is anybody told."""
        due = {name: when for name in RESETS if (when := latest(name, now, self._settings.place())) > self._last}
        changed, told = [], []
        for user in self._users if due else ():
            strategy = user["trafficLimitStrategy"]
            if strategy not in due:
                continue
            when = self._turn(user, due[strategy]) if strategy == "MONTH_ROLLING" else due[strategy]
            if when <= self._last:
                continue
            if user["status"] == "LIMITED":
                told.append(user)
            reset(user, stamp(when))
            changed.append(user)
        if changed:
            self._users.save(*changed)
        for user in told:
            self.watch(user)
            self._tell("user.enabled", user)
            self._tell("user.traffic_reset", user)
        return bool(due)

    def _turn(self, user: User, run: datetime) -> datetime:
        """The last daily run up to `run` that fell on the day of the month on which the user was made."""
        zone = self._settings.place()
        made, day = moment(user["createdAt"]).astimezone(zone).day, run.astimezone(zone).date()
        turn = _in_month(day, made)
        if turn > day:
            turn = _in_month(day.replace(day=1) - timedelta(days=1), made)
        return datetime.combine(turn, RESETS["MONTH_ROLLING"], zone)

    def _remind(self, now: str) -> None:
        while self._reminders and self._reminders[0][0] <= now:
            _, number, hours, ends = heappop(self._reminders)
            user = self._users.find("id", number)
            if user is None or user["expireAt"] != ends:
                continue
            if user["status"] not in (RUNNING if hours < 0 else ("EXPIRED",)):
                continue
            if self._settings.old_events:
                self._tell(REMINDERS[hours], user)
            elif self._settings.expiration_notifications:
                self._tell("user.expiration", user, expiration=hours)

    def _keep(self) -> None:
        self._journal.put("counter", "jobs", stamp(self._last))


def reset(user: User, at: str) -> None:
    """Nothing is used any more; a limited user is active again."""
    user["traffic"]["usedTrafficBytes"] = 0
    user["lastTrafficResetAt"] = at
    user["lastTriggeredThreshold"] = 0
    if user["status"] == "LIMITED":
        user["status"] = "ACTIVE"


def latest(strategy: str, now: datetime, zone: tzinfo) -> datetime:
    """The last time at or before `now` when the job of this strategy ran; MONTH_ROLLING's runs every day."""
    day = now.astimezone(zone).date()
    if datetime.combine(day, RESETS[strategy], zone) > now:
        day -= timedelta(days=1)
    if strategy == "WEEK":
        day -= timedelta(days=day.weekday())
    if strategy == "MONTH":
        day = day.replace(day=1)
    return datetime.combine(day, RESETS[strategy], zone)


def _in_month(month: date, day: int) -> date:
    """That day in that month, or its last one."""
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _tick(now: datetime, every: timedelta) -> datetime:
    """The last time at or before `now` when a job of that rhythm ran."""
    return datetime.fromtimestamp(now.timestamp() // every.total_seconds() * every.total_seconds(), UTC)


def _exceeded(user: User) -> bool:
    return 0 < int(user["trafficLimitBytes"]) <= int(user["traffic"]["usedTrafficBytes"])
