"""Calls to a seller's own system: signed, repeated harmlessly, believed only as far as they make sense."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from services import provisioning, subscriptions
from services.platform.clock import wall_clock
from services.platform.crypto import Cipher
from services.provisioning.callout.address import is_public, target_of
from services.provisioning.callout.call import Caller, read_answer
from services.provisioning.provisioners.base import Misconfigured, OutOfStock, Rejected, TryLater
from services.provisioning.provisioners.callout import Callout
from tests.services.provisioning.goods_sold import end, everything_written, owned, sell, shown, touch, wish
from tests.world import Kiosk, Person

SECRETS = ("the new secret, long enough", "the earlier secret, also long")


def sell_callout(kiosk: Kiosk, **options: Any) -> None:
    """The seller outlives this database and remembers every grant by its key: these are numbered anew."""
    with kiosk.kit.db.begin() as tx:
        number = next(kiosk.world.numbers) * 1000
        tx.connection().exec_driver_sql(f"ALTER TABLE access_grants ALTER COLUMN id RESTART WITH {number}")
    sell(kiosk, "callout", url=f"{kiosk.world.url}/seller/grants", title={"ru": "Курс"}, **options)


def told(kiosk: Kiosk, person: Person) -> list[dict[str, Any]]:
    """What the seller took as calls about this person's grant, oldest first, each once."""
    calls = kiosk.http.get(f"/seller/calls?grant=k{owned(kiosk, person).grant_id}").json()["calls"]
    return [call["told"] | {"times": call["times"], "key": call["key"]} for call in calls]


def events(kiosk: Kiosk, person: Person) -> list[str]:
    return [call["event"] for call in told(kiosk, person)]


def test_the_whole_life_of_a_grant(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    first = shown(kiosk, anna)
    assert [one.kind for one in first] == ["text", "link", "key"]
    kiosk.buy(anna, "thing")
    assert shown(kiosk, anna) == first, "a longer time is the same key"
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
        subscriptions.pause(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        grant_id = owned(kiosk, anna).grant_id
        provisioning.rotate(tx, kiosk.kit.provisioners, anna.party, grant_id, generation=0, now=kiosk.now)
    kiosk.drain()
    assert [one.content for one in shown(kiosk, anna)] != [one.content for one in first]
    end(kiosk, anna)
    assert events(kiosk, anna) == ["granted", "changed", "suspended", "changed", "rotated", "ended"]
    assert [call["revision"] for call in told(kiosk, anna)] == sorted({call["revision"] for call in told(kiosk, anna)})
    assert kiosk.undone() == []


def test_what_the_seller_is_told(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    (call,) = told(kiosk, anna)
    grant = wish(kiosk, anna)
    assert call["grant"] == grant.key
    assert call["key"] == f"{grant.key}-{grant.revision}"
    assert datetime.fromisoformat(call["ends_at"]) == grant.ends_at
    assert call["limits"] == {"traffic_bytes": None, "devices": 2, "speed_mbps": None, "locations": []}
    assert (call["good"], call["buyer"]) == ("thing-good", str(anna.party))
    assert str(anna.telegram_id) not in json.dumps(call)


def test_the_telegram_id_is_told_where_the_good_says_so(kiosk: Kiosk) -> None:
    sell_callout(kiosk, send_telegram_id=True)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert told(kiosk, anna)[0]["telegram_id"] == anna.telegram_id


@pytest.mark.parametrize("mode", ["down", "500", "500_after", "dropped_after", "html", "429", "409", "redirect", "401"])
def test_a_seller_that_fails_is_called_until_it_took_it_once(kiosk: Kiosk, mode: str) -> None:
    sell_callout(kiosk)
    kiosk.post("/seller/faults", mode=mode)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert owned(kiosk, anna).state == "preparing"
    kiosk.http.delete("/seller/faults")
    kiosk.hurry()
    kiosk.hurry()
    assert owned(kiosk, anna).state == "ready"
    assert events(kiosk, anna) == ["granted"]
    assert kiosk.undone() == []


def test_an_answer_that_comes_too_late_is_asked_for_again(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    from services.provisioning.callout import call

    monkeypatch.setattr(call, "TIMEOUT", httpx.Timeout(0.3))
    sell_callout(kiosk)
    kiosk.post("/seller/faults", mode="slow", delay=1, times=1)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert owned(kiosk, anna).state == "preparing"
    kiosk.hurry()
    assert owned(kiosk, anna).state == "ready"
    assert [call["times"] for call in told(kiosk, anna)] == [2]


def test_a_worker_that_died_after_the_call_repeats_it_word_for_word(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    kiosk.post("/seller/faults", mode="down")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    kiosk.http.delete("/seller/faults")
    adapter, grant = kiosk.kit.provisioners["callout"], wish(kiosk, anna)
    assert adapter.fetch(kiosk.kit.db, grant, {}, kiosk.now).state == "absent"
    lost = adapter.apply(kiosk.kit.db, grant, {}, kiosk.now)
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("DELETE FROM seller_answers")  # it died before it was written
    kiosk.hurry()
    assert [(call["event"], call["times"]) for call in told(kiosk, anna)] == [("granted", 2)]
    assert tuple(shown(kiosk, anna)) == lost.artifacts
    again = adapter.apply(kiosk.kit.db, grant, {}, kiosk.now)
    assert again == lost
    assert told(kiosk, anna)[0]["times"] == 2, "what is confirmed is not called again"
    assert adapter.fetch(kiosk.kit.db, grant, {}, kiosk.now) == lost
    longer = adapter.apply(kiosk.kit.db, replace(grant, revision=grant.revision + 1), {}, kiosk.now)
    assert (longer.key, longer.artifacts) == (lost.key, lost.artifacts)


def test_what_the_seller_has_no_more_of_is_paid_back_once(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(boris, "thing")
    kiosk.post("/seller/faults", mode="out_of_stock")
    kiosk.buy(anna, "thing")
    kiosk.buy(boris, "thing")
    kiosk.hurry()
    assert kiosk.count("refunds", "state = 'succeeded'") == 1
    assert kiosk.count("messages", "kind = 'sold_out'") == 1
    assert owned(kiosk, anna).state == "ended"
    assert owned(kiosk, boris).state == "ready", "who has it is not paid back"


def test_nothing_left_is_its_own_error_and_the_end_of_what_is_gone_is_a_success(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    adapter, grant = kiosk.kit.provisioners["callout"], wish(kiosk, anna)
    for mode, error in (("out_of_stock", OutOfStock), ("400", Rejected)):
        kiosk.post("/seller/faults", mode=mode)
        with pytest.raises(error):
            adapter.apply(kiosk.kit.db, replace(grant, revision=grant.revision + 1), {}, kiosk.now)
    kiosk.post("/seller/faults", mode="410")
    end(kiosk, anna)
    assert owned(kiosk, anna).state == "ended"
    assert kiosk.undone() == []


def test_who_was_never_granted_is_not_ended(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    kiosk.post("/seller/faults", mode="500")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    grant = wish(kiosk, anna)
    kiosk.http.delete("/seller/faults")
    adapter = kiosk.kit.provisioners["callout"]
    assert adapter.apply(kiosk.kit.db, replace(grant, state="ended"), {}, kiosk.now).state == "absent"
    adapter.remove(kiosk.kit.db, grant, {}, kiosk.now)
    assert events(kiosk, anna) == []


def test_a_rotation_overtaken_by_a_pause_is_told_after_it(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    first = shown(kiosk, anna)
    with kiosk.kit.db.begin() as tx:
        (mine,) = subscriptions.subscriptions_of(tx, anna.party)
        grant_id = owned(kiosk, anna).grant_id
        provisioning.rotate(tx, kiosk.kit.provisioners, anna.party, grant_id, generation=0, now=kiosk.now)
        subscriptions.pause(tx, anna.party, mine.id, kiosk.now)
        suspension = subscriptions.SubscriptionPaused(
            subscription_id=mine.id, party=str(anna.party), ends_at=mine.ends_at, change_id=0
        )
        provisioning.withdraw(tx, suspension, kiosk.now)
    kiosk.drain()
    with kiosk.kit.db.begin() as tx:
        subscriptions.resume(tx, anna.party, mine.id, kiosk.now)
    kiosk.drain()
    assert events(kiosk, anna) == ["granted", "suspended", "rotated"]
    assert shown(kiosk, anna) != first


def test_a_seller_without_words_gets_those_of_the_good(kiosk: Kiosk) -> None:
    sell_callout(kiosk, text={"ru": "Курс открыт на вашем сайте."})
    kiosk.post("/seller/faults", mode="body", body="")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert [(one.kind, one.content) for one in shown(kiosk, anna)] == [("text", "Курс открыт на вашем сайте.")]
    touch(kiosk, anna)
    assert kiosk.count("outbox_events", "name = 'provisioning.access_granted' AND (body->>'fresh')::boolean") == 1


def test_what_is_answered_later_replaces_what_was_shown(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    kiosk.post("/seller/faults", mode="body", body='{"key": "NEW-KEY", "unknown": [1]}')
    touch(kiosk, anna)
    assert [(one.kind, one.content) for one in shown(kiosk, anna)] == [("key", "NEW-KEY")]


def test_the_name_of_a_secret_outlives_a_change_of_the_encryption_secret(kiosk: Kiosk) -> None:
    sell_callout(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    grant, url = wish(kiosk, anna), kiosk.kit.settings.callout_secret[0].get_secret_value()
    first = Callout(Cipher("the first secret"), [url], private=True)
    later = Callout(Cipher("the second secret", ["the first secret"]), [url], private=True)
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("DELETE FROM seller_answers")
    before = first.apply(kiosk.kit.db, grant, {}, kiosk.now)
    kiosk.post("/seller/faults", mode="body", body=json.dumps({one.kind: one.content for one in before.artifacts}))
    again = later.apply(kiosk.kit.db, replace(grant, revision=grant.revision + 1), {}, kiosk.now)
    assert (again.key, again.artifacts) == (before.key, before.artifacts)
    first.close()
    later.close()


def test_what_was_answered_stands_nowhere_in_plain(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    sell_callout(kiosk)
    kiosk.post("/seller/faults", mode="body", body='{"key": ["SECRET-KEY"], "text": "SECRET-TEXT"}', times=1)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    kiosk.post("/seller/faults", mode="body", body='{"key": "SECRET-KEY"}', times=1)
    kiosk.hurry()
    assert [one.content for one in shown(kiosk, anna)] == ["SECRET-KEY"]
    plain = everything_written(kiosk) + str(
        kiosk.scalar("SELECT string_agg(access_grants::text, '') FROM access_grants")
    )
    assert "SECRET" not in plain + capsys.readouterr().out


# --- one call, as a seller receives it --------------------------------------------------------------------------------


@dataclass
class Receiver:
    """A server of the test's own: keeps every request as it came, answers as `reply` says."""

    url: str
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    reply: Callable[[BaseHTTPRequestHandler], None] | None = None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if got.reply is not None:
                got.reply(self)
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got = Receiver(f"http://127.0.0.1:{server.server_port}/hook?shop=1")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield got
    server.shutdown()
    server.server_close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller(SECRETS, private=True)
    yield caller
    caller.close()


def as_a_seller_checks(headers: dict[str, str], body: bytes, secret: str, now: float) -> bool:
    """HMAC (RFC 2104) from its definition, so that nothing of ours is believed."""
    key = secret.encode()
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)
    timestamp = headers["x-kiosk-timestamp"]
    digest = hashlib.sha256(inner + timestamp.encode() + b"." + body).digest()
    right = hashlib.sha256(outer + digest).hexdigest()
    given = [part.split("=", 1) for part in headers["x-kiosk-signature"].split(", ")]
    return abs(now - int(timestamp)) < 300 and ["v1", right] in given


def test_the_signature_as_a_seller_checks_it(receiver: Receiver, caller: Caller) -> None:
    body = '{"grant":"k7","good":"курс"}'.encode()
    caller.call(receiver.url, body, "k7-3")
    ((path, headers, got),) = receiver.requests
    now = wall_clock().timestamp()
    assert (path, got, headers["idempotency-key"]) == ("/hook?shop=1", body, "k7-3")
    for secret in SECRETS:  # whichever of them the seller knows while it is being changed
        assert as_a_seller_checks(headers, got, secret, now)
    assert not as_a_seller_checks(headers, got, "somebody else's secret", now)
    assert not as_a_seller_checks(headers, got + b" ", SECRETS[0], now)
    assert not as_a_seller_checks(headers | {"x-kiosk-timestamp": str(int(now) - 1000)}, got, SECRETS[0], now)
    assert headers["content-type"] == "application/json"


def test_without_a_secret_nothing_is_called(receiver: Receiver) -> None:
    caller = Caller((), private=True)
    with pytest.raises(Misconfigured, match="CALLOUT_SECRET"):
        caller.call(receiver.url, b"{}", "k1-1")
    caller.close()
    assert receiver.requests == []


def test_a_redirect_is_not_followed(receiver: Receiver, caller: Caller) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", receiver.url)
        handler.end_headers()

    receiver.reply = reply
    with pytest.raises(Misconfigured, match="redirects"):
        caller.call(receiver.url, b"{}", "k1-1")
    assert len(receiver.requests) == 1


def test_an_answer_without_end_is_cut_off(receiver: Receiver, caller: Caller) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(2000):
                handler.wfile.write(b" " * 65536)
        except OSError:
            return  # as it should be

    receiver.reply = reply
    with pytest.raises(TryLater):
        caller.call(receiver.url, b"{}", "k1-1")


def test_an_answer_drop_by_drop_is_not_waited_for(
    receiver: Receiver, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.provisioning.callout import call

    monkeypatch.setattr(call, "ALL_OF_IT", 0.2)
    stop = threading.Event()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not stop.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            return

    receiver.reply = reply
    with pytest.raises(TryLater, match="ReadTimeout"):
        caller.call(receiver.url, b"{}", "k1-1")
    stop.set()


def test_a_packed_answer_does_not_unpack_here(receiver: Receiver, caller: Caller) -> None:
    import gzip

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        handler.wfile.write(gzip.compress(b'{"text": "' + b"x" * 10_000_000 + b'"}'))

    receiver.reply = reply
    with pytest.raises(TryLater):
        caller.call(receiver.url, b"{}", "k1-1")


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (409, b'{"error": "out_of_stock"}', OutOfStock),
        (410, b'{"error": "out_of_stock"}', OutOfStock),
        (409, b'{"error": ["out_of_stock"]}', TryLater),
        (409, b"", TryLater),
        (410, b"", Rejected),
        (400, b"", Rejected),
        (404, b"{}", Rejected),
        (422, b'{"error": "out_of_stock"}', Rejected),
        (401, b"", Misconfigured),
        (403, b"", Misconfigured),
        (301, b"", Misconfigured),
        (408, b"", TryLater),
        (429, b"", TryLater),
        (500, b"{}", TryLater),
        (503, b"<html>", TryLater),
        (200, b"<html>", TryLater),
        (200, b"[]", TryLater),
        (200, b"null", TryLater),
        (200, None, TryLater),
        (200, b'{"text": 5}', TryLater),
        (200, b'{"text": ""}', TryLater),
        (200, b'{"key": "a\\u0000b"}', TryLater),
        (200, b'{"text": "' + b"x" * 3001 + b'"}', TryLater),
        (200, b'{"link": "http://example.org"}', TryLater),
        (200, b'{"link": "javascript:alert(1)"}', TryLater),
        (200, b'{"link": "https://example.org/\\n"}', TryLater),
    ],
)
def test_what_an_answer_means(status: int, content: bytes | None, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        read_answer("seller.example", status, content)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("content", "artifacts"),
    [
        (b"", ()),
        (b"{}", ()),
        (b'{"text": null}', ()),
        (b'{"key": "K", "text": "T"}', (("text", "T"), ("key", "K"))),
    ],
)
def test_what_an_answer_gives(content: bytes, artifacts: tuple[tuple[str, str], ...]) -> None:
    assert read_answer("seller.example", 201, content).artifacts == artifacts


# --- where a call may go ----------------------------------------------------------------------------------------------

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fc00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_our_own_network_are_not_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_public(ipaddress.ip_address(address))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))
    answers = [public, (family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Misconfigured, match="private"):
        target_of("https://seller.example/hook", private=False)  # one bad address among good ones is enough


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_was_checked_is_what_is_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_public(ipaddress.ip_address(address))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    asked: list[Any] = []

    def look_up(*what: Any, **_: Any) -> list[Any]:
        asked.append(what)
        return [(family, socket.SOCK_STREAM, 6, "", (address, 8443))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    target = target_of("https://seller.example:8443/hook?a=1#x", private=False)
    literal = f"[{address}]" if ":" in address else address
    assert target.url == f"https://{literal}:8443/hook?a=1"
    assert (target.host, target.name) == ("seller.example:8443", "seller.example")
    assert len(asked) == 1


@pytest.mark.parametrize("url", ["http://seller.example/", "http://127.0.0.1/"])
def test_in_production_nothing_goes_without_tls(url: str) -> None:
    with pytest.raises(Misconfigured):
        target_of(url, private=False)


def test_in_production_the_stand_in_cannot_be_reached(receiver: Receiver) -> None:
    caller = Caller(SECRETS, private=False)
    for url in (receiver.url, receiver.url.replace("http://", "https://")):
        with pytest.raises(Misconfigured):
            caller.call(url, b"{}", "k1-1")
    caller.close()
    assert receiver.requests == []


def test_a_name_that_is_not_found_may_be_there_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TryLater):
        target_of("https://seller.example/", private=False)


def test_the_certificate_is_held_against_the_name(receiver: Receiver, tmp_path: Any, monkeypatch: Any) -> None:
    """Over TLS to an address, the name of the URL is what the certificate must say."""
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seller.example")]), wall_clock()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("seller.example")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.headers["Host"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: real("127.0.0.1" if host.endswith(".example") else host, *a, **k)
    )
    import httpx

    caller = Caller(SECRETS, private=True)
    caller._http.close()
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    caller._http = httpx.Client(verify=trusted, trust_env=False)
    caller.call(f"https://seller.example:{server.server_port}/hook", b"{}", "k1-1")
    assert seen == [f"seller.example:{server.server_port}"]
    with pytest.raises(TryLater):
        caller.call(f"https://another.example:{server.server_port}/hook", b"{}", "k1-1")
    assert len(seen) == 1
    server.shutdown()
    server.server_close()
    caller.close()
