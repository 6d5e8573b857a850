import shutil
import subprocess
from base64 import b64decode, b64encode

import pytest

from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key, public_key


def test_public_key_of_a_known_vector() -> None:
    """RFC 7748, section 6.1: Alice's keys."""
    private = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")

    assert public_key(b64encode(private).decode()) == b64encode(public).decode()


def test_the_wg_tool_agrees() -> None:
    if shutil.which("wg") is None:
        pytest.skip("the wg tool is not installed (apt: wireguard-tools)")
    for _ in range(20):
        pair = generate_keypair()
        told = subprocess.run(["wg", "pubkey"], input=pair.private, capture_output=True, text=True, check=True).stdout
        assert pair.public == told.strip()


def test_keys_are_new_each_time_and_32_bytes() -> None:
    pairs = [generate_keypair() for _ in range(50)]
    keys = [key for pair in pairs for key in (pair.private, pair.public)] + [
        generate_preshared_key() for _ in range(50)
    ]

    assert len(set(keys)) == 150
    assert {(len(key), len(b64decode(key, validate=True))) for key in keys} == {(44, 32)}


def test_the_private_key_is_not_in_the_repr() -> None:
    pair = generate_keypair()

    assert pair.private not in repr(pair)
    assert pair.public in repr(pair)


@pytest.mark.parametrize("private", ["", "x" * 44, b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode(), "é"])
def test_what_is_no_private_key_is_refused_without_quoting_it(private: str) -> None:
    with pytest.raises(ValueError, match=r"^not a WireGuard private key$") as refusal:
        public_key(private)
    assert refusal.value.__cause__ is None
