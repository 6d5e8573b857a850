import os
import re
import shutil
import subprocess
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.config_file import file_name, render
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key


def test_the_file_is_exactly_this() -> None:
    text = render(
        private_key="cHJpdmF0ZS1rZXktb2YtdGhlLWJ1eWVyLTMyLWJ5dGU=",
        addresses=addresses(IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112"), 2),
        dns="1.1.1.1, 2606:4700:4700::1111",
        server_public_key="c2VydmVyLXB1YmxpYy1rZXktb2YtMzItYnl0ZXMtISE=",
        preshared_key="cHJlc2hhcmVkLWtleS1vZi10aGlydHktdHdvLWJ5dGU=",
        endpoint="de1.example.com:51820",
    )

    assert text.encode() == (
        b"[Interface]\n"
        b"PrivateKey = cHJpdmF0ZS1rZXktb2YtdGhlLWJ1eWVyLTMyLWJ5dGU=\n"
        b"Address = 10.66.0.2/32, fd42:66::2/128\n"
        b"DNS = 1.1.1.1, 2606:4700:4700::1111\n"
        b"MTU = 1280\n"
        b"\n"
        b"[Peer]\n"
        b"PublicKey = c2VydmVyLXB1YmxpYy1rZXktb2YtMzItYnl0ZXMtISE=\n"
        b"PresharedKey = cHJlc2hhcmVkLWtleS1vZi10aGlydHktdHdvLWJ5dGU=\n"
        b"AllowedIPs = 0.0.0.0/0, ::/0\n"
        b"Endpoint = de1.example.com:51820\n"
        b"PersistentKeepalive = 25\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="wg-quick works for root only")
def test_wg_quick_can_read_it(tmp_path: Path) -> None:
    if shutil.which("wg-quick") is None:
        pytest.skip("wg-quick is not installed (apt: wireguard-tools)")
    mine = generate_keypair()
    text = render(
        private_key=mine.private,
        addresses=addresses(IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112"), 1022),
        dns="1.1.1.1",
        server_public_key=generate_keypair().public,
        preshared_key=generate_preshared_key(),
        endpoint="[2001:db8::1]:51820",
    )
    file = tmp_path / file_name("frankfurt2", 123456)
    file.touch(mode=0o600)
    file.write_text(text)

    stripped = subprocess.run(["wg-quick", "strip", str(file)], capture_output=True, text=True, check=True).stdout

    kept = [line for line in text.splitlines() if line and not line.startswith(("Address", "DNS", "MTU"))]
    assert [line for line in stripped.splitlines() if line] == kept


@pytest.mark.parametrize(
    ("code", "number", "name"),
    [
        ("de1", 7, "kiosk-de1-7.conf"),
        ("de1", 12345, "kiosk-de1-12345.conf"),
        ("frankfurt", 7, "kiosk-frankfu-7.conf"),
        ("frankfurt2", 7, "kiosk-frankf2-7.conf"),
        ("de1", 123456, "kiosk-d1-123456.conf"),
        ("de12", 1234567, "kiosk-1-1234567.conf"),
        ("de1", 123456789, "kiosk-123456789.conf"),
        ("Франкфурт", 7, "kiosk-7.conf"),
        ("../de 1", 7, "kiosk-..de1-7.conf"),
    ],
)
def test_names_are_shortened_sensibly(code: str, number: int, name: str) -> None:
    assert file_name(code, number) == name


@given(st.text(max_size=30), st.integers(0, 10**9 - 1))
def test_every_name_is_one_that_phones_accept_and_ends_with_its_number(code: str, number: int) -> None:
    name = file_name(code, number)

    assert re.fullmatch(r"[a-zA-Z0-9_=+.-]{1,15}\.conf", name, re.ASCII)
    assert name.endswith(f"-{number}.conf")


@pytest.mark.parametrize("number", [-1, 10**9])
def test_a_number_which_does_not_fit_is_an_error(number: int) -> None:
    with pytest.raises(ValueError, match="no file name for number"):
        file_name("de1", number)
