"""The cabinet's side of a Robokassa shop: who it is, its passwords, and what it signs with."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

_STRING, _SPACE = re.compile(rb'"(?:[^"\\]|\\.)*"'), re.compile(rb"\s")
JWT_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Refused(Exception):
    """The request breaks a rule; `field` names the part of it that does."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.field, self.description = field, description


@dataclass(frozen=True)
class Cabinet:
    """`is_test`: passwords 1 and 2 are the test ones, so that only links with IsTest=1 are signed rightly."""

    login: str
    password1: str
    password2: str
    password3: str
    hash_name: str
    is_test: bool

    def hash(self, base: str) -> str:
        """In capitals, as Robokassa writes it."""
        return hashlib.new(self.hash_name.lower(), base.encode("utf-8")).hexdigest().upper()

    def check_request(self, fields: dict[str, str], number: str, given: str) -> None:
        """The signature of a link or of a repeated charge. Raises Refused."""
        base = f"{self.login}:{fields['OutSum']}:{number}"
        if "Receipt" in fields:
            base += f":{fields['Receipt']}"
        self._compare(base + f":{self.password1}{own_part(fields)}", given, "SignatureValue")

    def knows(self, number: str, given: str) -> bool:
        """Whether a question about an operation is signed rightly. Test passwords are of no use there."""
        right = self.hash(f"{self.login}:{number}:{self.password2}")
        return not self.is_test and hmac.compare_digest(right.encode(), given.upper().encode())

    def sign_notice(self, out_sum: str, number: str, own: dict[str, str]) -> str:
        return self.hash(f"{out_sum}:{number}:{self.password2}{own_part(own)}")

    def open_token(self, token: str) -> dict[str, Any]:
        """The payload of a JWT that was signed with password 3, numbers as text. Raises Refused."""
        parts = token.split(".")
        if len(parts) != 3:
            raise Refused("body", "Is not a JWT in a JSON string")
        try:
            header, payload, digest = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
            algorithm = JWT_HASHES[json.loads(header)["alg"]]
            document = json.loads(payload, parse_float=str, parse_int=str)
        except (ValueError, KeyError, TypeError):
            raise Refused("body", "Is not a JWT of HS256, HS384 or HS512") from None
        right = hmac.new(self.password3.encode(), ".".join(parts[:2]).encode(), algorithm).digest()
        if not hmac.compare_digest(right, digest):
            raise Refused("body", "Is signed with another password 3")
        if not isinstance(document, dict) or _SPACE.search(_STRING.sub(b"", payload)):
            raise Refused("body", "Must be an object in compact JSON")
        return document

    def _compare(self, base: str, given: str, field: str) -> None:
        if not hmac.compare_digest(self.hash(base).encode(), given.upper().encode()):
            raise Refused(field, "The signature is wrong")


def own_part(fields: dict[str, str]) -> str:
    """The tail of a signature's base: :Shp_a=1:Shp_b=2, by name."""
    return "".join(f":{name}={fields[name]}" for name in sorted(fields) if name[:4].upper() == "SHP_")
