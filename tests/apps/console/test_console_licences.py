"""What an operator does with licence keys at the terminal."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.console import doctor, doctor_licences, licences, terminal
from apps.console.findings import Trouble
from services import provisioning
from tests.stock import SIGNING_KEY, accesses, arrive, key_of, keys_in, stocked, verified
from tests.world import Kiosk, MakeKiosk

Console = Callable[..., tuple[int, str]]


@pytest.fixture
def console(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> Console:
    """The exit code and what was said."""

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            status = terminal.carry_out(kiosk.kit, licences.read([str(word) for word in words]))
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_a_file_of_keys_goes_into_a_pool(kiosk: Kiosk, console: Console, tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    file.write_text("key\nSECRET-1\nSECRET-2\n")
    status, said = console("import", "games", file)
    assert status == 0
    assert "2 keys are in the pool games now" in said
    assert "No good sells them yet" in said
    assert "SECRET" not in said
    stocked(kiosk)
    file.write_text("SECRET-3\n")
    assert console("import", "games", file) == (0, "1 key is in the pool games now\n")
    assert keys_in(kiosk) == {"free": 3}
    assert "3 free, 0 taken, 0 revoked" in console("list")[1]


def test_the_same_keys_again_are_refused_line_by_line(kiosk: Kiosk, console: Console, tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    file.write_text("SECRET-1\nSECRET-2\n")
    console("import", "games", file)
    file.write_text("SECRET-9\nSECRET-2\nSECRET-9\n")
    status, said = console("import", "other", file)
    assert status == 1
    assert "Nothing was imported" in said
    assert "line 2: the pool games has this key already" in said
    assert "line 3: the same key as in line 1" in said
    assert "SECRET" not in said
    assert kiosk.count("licence_keys") == 2


def test_many_faults_are_counted_and_not_all_shown(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    file.write_text("A,B\n" * 150)
    status, said = console("import", "games", file)
    assert status == 1
    assert len(said.splitlines()) == 102
    assert said.endswith("and 50 more\n")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no key"),
        (b"PK\x03\x04\x00", "not text"),
        (b"\xff\xfeA\x00", "UTF-16"),
        (b"A\n\xd4\n", "line 2: is not UTF-8"),
    ],
)
def test_what_is_no_file_of_keys_says_so(
    kiosk: Kiosk, console: Console, tmp_path: Path, data: bytes, words: str
) -> None:
    file = tmp_path / "keys.csv"
    file.write_bytes(data)
    status, said = console("import", "games", file)
    assert status == 1
    assert words in said
    assert kiosk.count("licence_keys") == 0


def test_a_missing_file_a_directory_and_a_wrong_pool(console: Console, tmp_path: Path) -> None:
    assert console("import", "games", tmp_path / "no.csv")[0] == 1
    assert console("import", "games", tmp_path)[0] == 1
    file = tmp_path / "keys.csv"
    file.write_text("A\n")
    status, said = console("import", "My Games", file)
    assert (status, "the name of a pool" in said) == (1, True)


def test_a_large_file_tells_how_far_it_is(kiosk: Kiosk, console: Console, tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    file.write_text("".join(f"K-{n}\n" for n in range(25_000)))
    status, said = console("import", "games", file)
    assert status == 0
    assert said.splitlines()[:3] == ["10000 of 25000", "20000 of 25000", "25000 of 25000"]
    assert keys_in(kiosk) == {"free": 25_000}


def test_licences_are_listed_revoked_and_restored(kiosk: Kiosk, console: Console) -> None:
    stocked(kiosk, "SECRET-1", "SECRET-2")
    anna = kiosk.person()
    kiosk.buy(anna, "game")
    grant_id = accesses(kiosk, anna)["game-key"].grant_id
    said = console("list", "--of", anna.party)[1]
    assert f"{grant_id}  {anna.party}" in said
    assert "game-key (games)" in said
    assert "active" in said
    assert "SECRET" not in said
    assert str(anna.party) not in console("list", "--of", "user:99999")[1]

    assert console("revoke", grant_id, "--reason", "shared")[0] == 1, "nobody is there to ask"
    assert verified(kiosk, "SECRET-1").valid
    assert console("revoke", grant_id, "--reason", "shared", "--yes")[0] == 0
    assert not verified(kiosk, "SECRET-1").valid
    assert console("restore", grant_id, "--reason", "it was not")[0] == 0
    assert verified(kiosk, "SECRET-1").valid
    assert console("restore", grant_id, "--reason", "again")[0] == 1
    kiosk.drain()
    assert console("revoke", grant_id, "--reason", "leaked", "--replace", "--yes")[0] == 0
    kiosk.drain()
    assert key_of(kiosk, anna) == "SECRET-2"
    status, said = console("revoke", grant_id, "--reason", "leaked", "--replace", "--yes")
    assert (status, "sold out" in said) == (1, True)
    reasons = "SELECT string_agg(action || ' ' || (detail->>'reason'), ', ' ORDER BY id) FROM audit_log"
    assert kiosk.scalar(f"{reasons} WHERE subject = 'grant:{grant_id}'") == (
        "licence.revoke shared, licence.restore it was not, licence.replace leaked"
    )


def test_what_is_no_licence_cannot_be_revoked(console: Console) -> None:
    status, said = console("revoke", 10**6, "--reason", "x", "--yes")
    assert (status, "there is no licence 1000000" in said) == (1, True)
    assert console("list", "--of", "anna")[0] == 2
    assert console("list", "--limit", "0")[0] == 2
    assert console("list") == (0, "no licences\n")


def test_a_signing_key_is_made_without_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    keys = set()
    for _ in range(2):
        assert licences.main(["signing-key"]) == 0
        said = capsys.readouterr()
        assert "LICENCE_SIGNING_KEY" in said.err
        keys.add(said.out.strip())
    assert [len(base64.b64decode(key)) for key in keys] == [32, 32]
    assert all(provisioning.licences.Signer.of([key]).public_keys() for key in keys)


def doctor_says(kiosk: Kiosk) -> str:
    try:
        return doctor_licences.licence_keys(kiosk.kit)
    except Trouble as trouble:
        return f"{trouble.says} -> {trouble.remedy}"


def test_the_doctor_looks_at_pools_and_at_the_signing_key(kiosk: Kiosk, make_kiosk: MakeKiosk) -> None:
    assert doctor_says(kiosk) == "none are sold"
    stocked(kiosk)
    assert doctor_says(kiosk).startswith("app cannot be signed -> set LICENCE_SIGNING_KEY")
    assert any(one.what == "Licence keys" for one in doctor.examine(kiosk.kit))
    with make_kiosk(LICENCE_SIGNING_KEY=SIGNING_KEY) as signing:
        assert doctor_says(signing).startswith("nothing is left in games -> import more")
        arrive(signing, "A", "B")
        assert doctor_says(signing) == "2 in games, app is signed"
