"""WireGuard keys: 32 bytes as base64, 44 characters. Equal to what `wg genkey`, `wg pubkey` and `wg genpsk` make."""

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


@dataclass(frozen=True)
class KeyPair:
    private: str = field(repr=False)
    public: str


def generate_keypair() -> KeyPair:
    private = b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()
    return KeyPair(private, public_key(private))


def generate_preshared_key() -> str:
    return b64encode(secrets.token_bytes(32)).decode()


def public_key(private: str) -> str:
    """The public key of a private one. Raises ValueError when it is not the base64 of 32 bytes."""
    try:
        key = X25519PrivateKey.from_private_bytes(b64decode(private, validate=True))
    except ValueError:
        raise ValueError("not a WireGuard private key") from None  # the cause could quote the key
    return b64encode(key.public_key().public_bytes_raw()).decode()
