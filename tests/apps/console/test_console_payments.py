"""What an operator does about money in the console: each command, its output, its exit code and its audit line."""

from __future__ import annotations

import io
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from apps.console import payments, terminal
from apps.sandbox.environment import environment
from services import billing, ledger
from services.platform.config import inherited_environment
from services.platform.money import Money
from tests.services.billing.busy_shop import late, too_much, twice
from tests.world import SECRET, Kiosk

Console = Callable[..., tuple[int, str]]
LOGGED = re.compile(r"^[0-9-]{10} [0-9:]{8} \[[a-z]+ *\] .*\n", re.MULTILINE)
ME = f"console:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    """Runs `payments` with these words; the exit code and what was said, without what the world around logs."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(kiosk.kit, payments.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, LOGGED.sub("", said.out + said.err)

    return run


class Terminal(io.StringIO):
    """Somebody who types this."""

    def isatty(self) -> bool:
        return True


def audited(kiosk: Kiosk) -> list[tuple[str, str, str]]:
    with kiosk.kit.db.begin() as tx:
        rows = tx.execute(text("SELECT actor, action, subject FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def noon_of_a_new_day(kiosk: Kiosk) -> str:
    """A day on which nobody else's payments are in the shop that all tests share. Returns it."""
    noon = kiosk.now.replace(hour=12, minute=0, second=0) + timedelta(days=2)
    kiosk.world.offset.move(int((noon - kiosk.now).total_seconds()))
    return f"{noon:%Y-%m-%d}"


def test_show_tells_the_whole_story(kiosk: Kiosk, console: Console) -> None:
    declined = kiosk.checkout(kiosk.person())
    kiosk.pay(declined, outcome="decline", reason="insufficient_funds")
    sold = kiosk.buy(kiosk.person())
    refund = kiosk.refund(sold.payment_id, amount=Money(10000, "RUB"))
    kiosk.drain()
    status, said = console("show", sold.payment_id)
    assert status == 0
    for part in (
        f"payment {sold.payment_id}: succeeded, 299.00 RUB by yookassa, user:2",
        f"at the provider: {kiosk.external_id(sold.payment_id)}",
        f"invoice {sold.invoice_id}: paid 2",
        "vpn-1m for 299.00 RUB",
        "came: 299.00 RUB; the provider keeps ",
        "199.00 RUB can go back",
        f"payment {sold.payment_id}  awaiting_user -> succeeded  (payment.succeeded)",
        f"refund {refund}  sending -> succeeded",
        f"refund {refund}  succeeded  100.00 RUB to yookassa",
        f"payment {sold.payment_id}: clearing:yookassa +",
        "revenue:vpn -299.00",
        f"refund {refund}: revenue:vpn +100.00, clearing:yookassa -100.00 RUB",
    ):
        assert part in said, (part, said)
    assert "Анна" not in said
    status, said = console("show", declined.payment_id)
    assert (status, "canceled, 299.00 RUB" in said, "insufficient_funds" in said) == (0, True, True)
    assert "nothing is booked" in said
    assert console("show", 999) == (1, "there is no payment 999\n")
    assert audited(kiosk) == [("operator:1", "payment.refund", f"payment:{sold.payment_id}")], "looking leaves no trace"


def test_what_waits_for_a_person_is_listed(kiosk: Kiosk, console: Console) -> None:
    assert console("undecided") == (0, "Nothing waits for a decision.\n")
    payment = too_much(kiosk, kiosk.person())
    status, said = console("undecided")
    assert status == 1
    assert f"payment {payment}  amount  299.00 RUB came for 299.00 RUB  yookassa  user:1" in said
    assert "payments decide ID apply|refund|keep" in said
    assert "REFUND_ID" not in said


@pytest.mark.parametrize(
    ("choice", "announced", "balance"),
    [
        ("apply", "user:1 gets a period of vpn-1m, and is told; 49.00 RUB too much go to the balance.", -4900),
        ("keep", "keep: 299.00 RUB go to the balance of user:1", -29900),
        ("refund", "money         299.00 RUB of 299.00 RUB; nothing is left afterwards", 0),
    ],
)
def test_a_decision_is_shown_then_asked_then_done(
    kiosk: Kiosk,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    announced: str,
    balance: int,
) -> None:
    payment = too_much(kiosk, kiosk.person())
    status, said = console("decide", payment, choice)
    assert (status, announced in said) == (1, True), said
    assert "came amount: 299.00 RUB" in said
    assert "Nothing was done: there is nobody to ask here. Say --yes." in said
    for answer in ("n\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        status, said = console("decide", payment, choice)
        assert (status, "Nothing was done." in said) == (1, True)
    assert console("undecided")[0] == 1
    assert audited(kiosk) == []

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    status, said = console("decide", payment, choice)
    assert (status, said.endswith(f"Decided: {choice}.\n")) == (0, True)
    assert (ME, "payment.decide", f"payment:{payment}") in audited(kiosk)
    kiosk.drain()
    assert kiosk.balance("wallet:user:1") == balance
    assert kiosk.count("subscriptions") == (choice == "apply")
    assert console("undecided")[0] == 0
    status, said = console("decide", payment, choice, "--yes")
    assert (status, said) == (1, f"nothing to decide: payment {payment}: it was decided: {choice}\n")


def test_a_second_payment_is_announced_as_one_more_period(kiosk: Kiosk, console: Console) -> None:
    payment = twice(kiosk, kiosk.person())
    status, said = console("decide", payment, "apply", "--yes")
    assert status == 0
    assert "user:1 gets one more period of vpn-1m, and is told." in said
    kiosk.drain()
    assert kiosk.count("subscription_changes", "kind = 'extended'") + kiosk.count("subscriptions") == 2


def test_a_payment_that_fits_needs_no_decision(kiosk: Kiosk, console: Console) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    status, said = console("decide", sold, "keep", "--yes")
    assert (status, said) == (1, f"nothing to decide: payment {sold}: it is succeeded and fits\n")
    assert console("decide", sold, "burn")[0] == 2
    assert audited(kiosk) == []


def test_a_refund_is_shown_first_and_done_once(kiosk: Kiosk, console: Console) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    end = kiosk.scalar("SELECT ends_at FROM subscriptions")
    kiosk.pass_time(timedelta(days=3), step=timedelta(days=1))
    refund = ("refund", sold, "--reason", "asked in the chat")
    status, preview = console(*refund, "--dry-run")
    assert status == 0
    for part in (
        f"Refund of payment {sold} (yookassa, invoice 1, user:1):\n",
        "money         299.00 RUB of 299.00 RUB; nothing is left afterwards\n",
        "goes to       the buyer, by yookassa\n",
        f"subscription  ends {end:%Y-%m-%d %H:%M:%S} UTC, afterwards {kiosk.now:%Y-%m-%d %H:}",
        "rewards       none to reverse\n",
        "receipt       no fiscal receipt\n",
        "buyer         is told when the money is back\n",
    ):
        assert part in preview, (part, preview)
    status, said = console(*refund)
    assert (status, "Say --yes." in said) == (1, True)
    assert (kiosk.count("refunds"), audited(kiosk)) == (0, [])

    status, said = console(*refund, "--yes")
    assert (status, "Refund 1 is ordered and goes on by itself" in said) == (0, True)
    assert said.splitlines()[:3] == preview.splitlines()[:3], "always shown first"
    kiosk.drain()
    assert kiosk.scalar("SELECT state FROM refunds") == "succeeded"
    assert kiosk.scalar("SELECT state FROM subscriptions") == "expired"
    assert audited(kiosk) == [(ME, "payment.refund", f"payment:{sold}")]
    assert kiosk.scalar("SELECT detail ->> 'reason' FROM audit_log") == "asked in the chat"
    status, said = console(*refund, "--yes")
    assert (status, said) == (1, f"not refundable: nothing is left of payment {sold}\n")
    assert kiosk.count("refunds") == 1
    assert kiosk.faults() == []


def test_a_part_leaves_the_days_unless_they_are_taken(kiosk: Kiosk, console: Console) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    part = ("refund", sold, "--amount", "100.00", "--reason", "slow")
    assert "199.00 RUB are left afterwards\n" in console(*part, "--dry-run")[1]
    assert "subscription  stays as it is\n" in console(*part, "--dry-run")[1]
    assert "subscription  ends 2" in console(*part, "--take-access", "--dry-run")[1]
    assert "subscription  stays as it is\n" in console("refund", sold, "--keep-access", "--dry-run", "--reason", "x")[1]
    before = kiosk.scalar("SELECT ends_at FROM subscriptions")
    assert console(*part, "--take-access", "--yes")[0] == 0
    kiosk.drain()
    assert kiosk.scalar("SELECT ends_at FROM subscriptions") < before
    assert kiosk.scalar("SELECT amount_minor FROM refunds") == 10000


def test_money_goes_to_the_balance_at_once(kiosk: Kiosk, console: Console) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    status, said = console("refund", sold, "--to", "balance", "--keep-access", "--reason", "x", "--yes")
    assert status == 0
    assert "goes to       the balance of user:1, here\n" in said
    assert "Refund 1 is done: 299.00 RUB are on the balance of user:1." in said
    assert kiosk.balance("wallet:user:1") == -29900


def test_rewards_that_go_back_are_named(kiosk: Kiosk, console: Console) -> None:
    checkout = kiosk.buy(kiosk.person())
    entries = [
        ledger.Entry("expense:referrals", Money(3000, "RUB")),
        ledger.Entry("wallet:user:9", Money(-3000, "RUB")),
    ]
    with kiosk.kit.db.begin() as tx:
        reference = f"invoice:{checkout.invoice_id}"
        ledger.post(tx, kind="referral_reward", reference=reference, entries=entries, now=kiosk.now)
    preview = ("refund", checkout.payment_id, "--reason", "x", "--dry-run")
    assert "rewards       wallet:user:9 gives back 30.00 RUB\n" in console(*preview)[1]
    assert "rewards       none to reverse\n" in console(*preview, "--amount", "1")[1]
    assert f"referral_reward {reference}: " in console("show", checkout.payment_id)[1]


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("--amount", "100,00"), 2, "--amount '100,00': not an amount; write it like 299.00, in RUB"),
        (("--amount", "0"), 2, "bad refund amount: 0.00 RUB of 299.00 RUB"),
        (("--amount", "299.01"), 2, "bad refund amount: 299.01 RUB of 299.00 RUB"),
        (("--amount", "1.001"), 2, "RUB has 2 digits after the point"),
        (("--keep-access", "--take-access"), 2, "not allowed with argument"),
        (("--to", "cash"), 2, "invalid choice"),
    ],
)
def test_a_refund_that_cannot_be_says_why(
    kiosk: Kiosk, console: Console, words: tuple[str, ...], status: int, why: str
) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    got, said = console("refund", sold, *words, "--reason", "x", "--yes")
    assert (got, why in said) == (status, True), said
    assert kiosk.count("refunds") == 0
    assert console("refund", 999, "--reason", "x") == (1, "there is no payment 999\n")
    assert console("refund", sold)[0] == 2, "no reason was given"


def test_an_unpaid_payment_is_not_refunded(kiosk: Kiosk, console: Console) -> None:
    checkout = kiosk.checkout(kiosk.person())
    got = console("refund", checkout.payment_id, "--reason", "x", "--yes")
    assert got == (1, f"not refundable: payment {checkout.payment_id} is awaiting_user\n")


@pytest.mark.parametrize(("outcome", "state"), [("done", "succeeded"), ("not-done", "canceled")])
def test_an_unknown_refund_is_resolved(kiosk: Kiosk, console: Console, outcome: str, state: str) -> None:
    sold = kiosk.buy(kiosk.person()).payment_id
    refund = kiosk.refund(sold)
    kiosk.scalar("UPDATE refunds SET state = 'unknown', detail = 'ReadTimeout' RETURNING id")
    status, said = console("undecided")
    assert (status, f"refund {refund}  unknown (ReadTimeout)  299.00 RUB to yookassa" in said) == (1, True)
    assert "payments resolve REFUND_ID done|not-done" in said
    status, said = console("resolve", refund, outcome)
    assert (status, f"refund {refund}: unknown -> {state}" in said) == (0, True)
    assert (ME, "refund.resolve", f"refund:{refund}") in audited(kiosk)
    assert kiosk.scalar("SELECT cause FROM refund_changes ORDER BY id DESC LIMIT 1") == ME
    assert kiosk.faults() == []
    before = audited(kiosk)
    status, said = console("resolve", refund, outcome)
    assert (status, said) == (1, f"conflict: refund {refund} is {state}: there is nothing to resolve\n")
    assert audited(kiosk) == before
    assert console("resolve", 99, "done") == (1, "there is no refund 99\n")


def test_providers_are_shown_and_switched(kiosk: Kiosk, console: Console) -> None:
    status, said = console("providers")
    assert status == 0, said
    assert "yookassa (RUB): offered\n  can: pay page, " in said
    assert "  shop 100500" in said
    assert f"set the notification address to {kiosk.kit.settings.public_url}/webhooks/yookassa" in said
    status, said = console("off", "yookassa", "--reason", "the bank is down")
    assert (status, "yookassa is off: no new payments; what is open goes on" in said) == (0, True)
    assert "yookassa (RUB): off since 2" in console("providers")[1]
    assert "the bank is down" in console("providers")[1]
    with pytest.raises(billing.ProviderOff):
        kiosk.checkout(kiosk.person())
    assert console("on", "yookassa", "--reason", "it is back")[0] == 0
    kiosk.checkout(kiosk.person())
    assert [line[:2] for line in audited(kiosk)] == [(ME, "provider.off"), (ME, "provider.on")]
    status, said = console("off", "paypal", "--reason", "x")
    assert (status, "paypal is not in PAYMENT_PROVIDERS (yookassa" in said) == (2, True)
    assert console("off", "yookassa")[0] == 2


def test_a_provider_that_does_not_work_is_something_to_do(kiosk: Kiosk, console: Console) -> None:
    kiosk.post("/yookassa/faults", mode="500", method="GET", times=5, delay=0)
    status, said = console("providers")
    assert (status, "  does not work: " in said) == (1, True)


def test_a_statement_of_yesterday_agrees(kiosk: Kiosk, console: Console) -> None:
    day = noon_of_a_new_day(kiosk)
    sold = kiosk.buy(kiosk.person()).payment_id
    kiosk.refund(sold, amount=Money(10000, "RUB"))
    kiosk.drain()
    kiosk.world.offset.move(24 * 3600)
    fee = Money(kiosk.scalar("SELECT fee_minor FROM payments"), "RUB")
    status, said = console("statement", "--provider", "yookassa")
    assert status == 0, said
    for line in (
        f"yookassa, {day} (UTC): 2 operations listed",
        "  payments RUB: theirs 299.00 RUB, ours 299.00 RUB",
        "  refunds RUB: theirs 100.00 RUB, ours 100.00 RUB",
        f"payment RUB {Money(29900, 'RUB') - fee} RUB",
        "refund RUB -100.00 RUB",
        f"  booked to fees:yookassa: payment RUB {fee} RUB",
        "  all agrees\n",
    ):
        assert line in said, (line, said)
    assert (ME, "statement.make", f"statement:yookassa:{day}") in audited(kiosk)
    status, said = console("statements")
    assert (status, said.startswith(f"{day}  yookassa        2 operations  all agrees  made ")) == (0, True), said


def test_differences_are_listed(kiosk: Kiosk, console: Console) -> None:
    day = noon_of_a_new_day(kiosk)
    sold = kiosk.buy(kiosk.person()).payment_id
    external_id = kiosk.external_id(sold)
    kiosk.scalar("UPDATE payments SET received_minor = received_minor - 100 RETURNING id")
    kiosk.world.offset.move(24 * 3600)
    status, said = console("statement", "--provider", "yookassa", "--day", day)
    assert (status, "  1 differences\n" in said) == (1, True)
    assert f"    amount payment {external_id}: ours " in said
    assert "theirs 299.00 RUB, ours 298.00 RUB" in said
    status, said = console("statements")
    assert (status, "1 DIFFERENCES" in said) == (1, True)


def test_a_statement_needs_a_day_that_is_over(kiosk: Kiosk, console: Console) -> None:
    today = f"{kiosk.now:%Y-%m-%d}"
    assert console("statement", "--day", today) == (2, f"invalid: {today} is not over yet (by UTC)\n")
    assert console("statement", "--day", "20.11.2026")[0] == 2
    assert console("statement", "--provider", "paypal")[0] == 2
    assert console("statements")[0] == 0
    assert kiosk.count("statements") == 0


def test_a_provider_without_an_answer_gives_no_statement(kiosk: Kiosk, console: Console) -> None:
    kiosk.post("/yookassa/faults", mode="500", method="GET", times=9, delay=0)
    status, said = console("statement", "--provider", "yookassa")
    assert (status, "yookassa: no list now: " in said) == (1, True)
    assert (kiosk.count("statements"), audited(kiosk)) == (0, [])


def test_check_asks_the_provider_now(kiosk: Kiosk, console: Console) -> None:
    checkout = kiosk.checkout(kiosk.person())
    assert console("check", checkout.payment_id) == (0, f"payment {checkout.payment_id} is awaiting_user, as before\n")
    kiosk.pay(checkout, notify="never")
    status, said = console("check", checkout.payment_id)
    assert (status, said) == (0, f"payment {checkout.payment_id}: awaiting_user -> succeeded\n")
    assert f"awaiting_user -> succeeded  ({ME})" in console("show", checkout.payment_id)[1]
    assert audited(kiosk) == [(ME, "payment.check", f"payment:{checkout.payment_id}")] * 2
    assert console("check", 999) == (1, "there is no payment 999\n")
    another = kiosk.checkout(kiosk.person())
    kiosk.post("/yookassa/faults", mode="500", method="GET", times=3, delay=0)
    assert console("check", another.payment_id)[0] == 1


def test_check_says_that_a_decision_is_needed(kiosk: Kiosk, console: Console) -> None:
    checkout = kiosk.checkout(kiosk.person())
    kiosk.scalar("UPDATE invoices SET state = 'expired' RETURNING id")
    kiosk.pay(checkout, notify="never")
    status, said = console("check", checkout.payment_id)
    assert (status, f"(late): payments decide {checkout.payment_id} apply|refund|keep" in said) == (0, True)


def test_metrics_are_what_prometheus_reads(kiosk: Kiosk, console: Console) -> None:
    late(kiosk, kiosk.person())
    status, said = console("metrics")
    lines = said.splitlines()
    assert status == 0
    assert lines[:2] == ["# TYPE kiosk_payments_undecided gauge", "kiosk_payments_undecided 1"]
    assert 'kiosk_payments_last_day{provider="yookassa",state="succeeded"} 1' in lines
    assert len({line for line in lines if line.startswith("#")}) == len([line for line in lines if line[0] == "#"])


def test_what_is_typed_wrong_reaches_nothing(console: Console) -> None:
    for words in ([], ["burn"], ["show"], ["show", "x"], ["show", "0"], ["show", "9" * 20], ["resolve", "1", "maybe"]):
        assert console(*words)[0] == 2, words


def test_as_a_process_of_its_own(kiosk: Kiosk, stack: object) -> None:
    """The whole command line, from the environment to the exit code."""
    sold = kiosk.buy(kiosk.person()).payment_id
    settings = kiosk.kit.settings
    given = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
    }
    variables = inherited_environment() | environment(
        given,
        stack=stack,  # type: ignore[arg-type]
        world_url=kiosk.world.url,
        world_directory=kiosk.world.directory,
        port=5000,
        encryption_secret=SECRET,
        vpn_keys=kiosk.world.vpn_keys,
    )

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "apps.console", *(str(word) for word in words)]
        return subprocess.run(
            command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )

    done = run("payments", "refund", sold, "--reason", "x")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("Nothing was done: there is nobody to ask here. Say --yes.\n")
    assert run("payments", "refund", sold, "--reason", "x", "--yes").returncode == 0
    done = run("books", "check")
    assert (done.returncode, done.stdout[:21]) == (0, "The books are proved:")
    assert kiosk.count("refunds") == 1
