"""What an operator sees of invitations, gifts and campaigns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.console import campaigns, growth, terminal
from services import billing, gifts, identity, referrals
from tests.world import Kiosk, Person

Console = Callable[..., tuple[int, str]]
READ = {"referrals": growth.read_referrals, "gifts": growth.read_gifts, "campaigns": campaigns.read}


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    """The exit code and what was said."""

    def run(command: str, *words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(kiosk.kit, READ[command]([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def came(kiosk: Kiosk, telegram_id: int, parameter: str) -> identity.User:
    with kiosk.kit.db.begin() as tx:
        return identity.greet(
            tx, telegram_id=telegram_id, first_name="Eva", username=None, language_code="en",
            start_parameter=parameter, now=kiosk.now,
        )  # fmt: skip


def test_a_campaign_from_its_name_to_its_numbers(kiosk: Kiosk, console: Console) -> None:
    came(kiosk, 100, "ads-1")
    eva = kiosk.person()
    status, said = console("campaigns", "create", "Spring", "--parameter", "ads-1", "--cost", "5000", "rub")
    assert status == 0
    assert "t.me/BOT?start=ads-1, cost 5000.00 RUB" in said
    assert "1 came by it already" in said
    with kiosk.kit.db.begin() as tx:
        assert identity.came_from(tx, eva.party.id) is None
    status, said = console("campaigns", "show", "Spring")
    assert status == 0
    assert "registrations    1" in said
    assert "revenue          nothing" in said
    assert "nobody has paid" in said
    assert "return           -100%" in said
    assert "Spring: ads-1, cost 5000.00 RUB, 1 came, 0 paid" in console("campaigns", "list")[1]
    assert kiosk.count("audit_log", "action = 'campaign.create'") == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["create", "X", "--parameter", "a b"], 2),
        (["create", "X", "--parameter", "a", "--cost", "5000", "BTC"], 2),
        (["create", "X", "--parameter", "a", "--cost", "five", "RUB"], 2),
        (["create", "X", "--parameter", "a", "--cost", "-5", "RUB"], 2),
        (["create", "X"], 2),
        (["show", "X"], 1),
    ],
)
def test_what_cannot_be_says_so_and_changes_nothing(
    kiosk: Kiosk, console: Console, words: list[str], status: int
) -> None:
    assert console("campaigns", *words)[0] == status
    assert console("campaigns", "list") == (0, "no campaigns\n")


def test_a_name_is_given_once(console: Console) -> None:
    assert console("campaigns", "create", "Spring", "--parameter", "a")[0] == 0
    status, said = console("campaigns", "create", "Spring", "--parameter", "b")
    assert status == 1
    assert "campaign exists" in said


def test_a_persons_invitations(kiosk: Kiosk, console: Console) -> None:
    anna = kiosk.person("Anna")
    with kiosk.kit.db.begin() as tx:
        link = referrals.start_parameter(referrals.code_of(tx, anna.party.id, kiosk.now))
    eva = came(kiosk, 100, link)
    kiosk.drain()
    status, said = console("referrals", "show", anna.party)
    assert status == 0
    assert "invited by nobody" in said
    assert "came by the link: 1, paid: 0" in said
    assert "Eva: joined" in said
    assert f"{eva.party}, invited by {anna.party}" in console("referrals", "show", "tg:100")[1]
    for nobody in ("user:999", "999", "tg:999"):
        assert console("referrals", "show", nobody)[0] == 1
    for nonsense in ("x" * 100, "²"):
        assert console("referrals", "show", nonsense)[0] == 2


def gift_of(kiosk: Kiosk, person: Person) -> str:
    with kiosk.kit.db.begin() as tx:
        quote = gifts.quote(tx, "vpn-1m", "RUB")
    opened = billing.checkout(
        kiosk.kit.db, kiosk.kit.providers["yookassa"], party=person.party, quote=quote, description="VPN",
        return_url="https://t.me/kiosk_bot", now=kiosk.now,
    )  # fmt: skip
    kiosk.pay(opened)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        return gifts.code_of(tx, kiosk.kit.cipher, gifts.all_gifts(tx)[0].id).shown


def test_gifts_without_their_codes(kiosk: Kiosk, console: Console) -> None:
    assert console("gifts", "list") == (0, "no gifts\n")
    anna = kiosk.person()
    code = gift_of(kiosk, anna)
    number = kiosk.scalar("SELECT id FROM gifts")
    for words in (["list"], ["list", "--state", "waiting"], ["show", number]):
        status, said = console("gifts", *words)
        assert status == 0
        assert "waiting" in said
        assert str(anna.party) in said
        assert code not in said
        assert code.replace("-", "") not in said
    assert console("gifts", "list", "--state", "claimed") == (0, "no gifts\n")
    assert console("gifts", "show", 999)[0] == 1
