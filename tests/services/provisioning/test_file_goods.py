"""Files out of the bucket: sent as documents, uploaded to Telegram once."""

from __future__ import annotations

from typing import Any

import pytest

from services import notifications, provisioning
from services.platform.errors import Misconfigured, TryLater
from services.platform.storage import NoSuchFile, Storage, StoredFile
from services.provisioning import AccessNotFound
from services.provisioning.provisioners.file import File
from tests.services.provisioning.goods_sold import end, everything_written, operators, owned, sell, shown, touch, wish
from tests.world import Kiosk, MakeKiosk, Person

KEY = "handbook.pdf"


def storage(kiosk: Kiosk) -> Storage:
    assert kiosk.kit.storage is not None
    return kiosk.kit.storage


def sell_file(kiosk: Kiosk, content: bytes = b"%PDF one", name: str = "Руководство.pdf") -> None:
    storage(kiosk).put(KEY, content, "application/pdf")
    sell(kiosk, "file", file=KEY, file_name=name, title={"ru": "Руководство", "en": "The handbook"})


def documents(kiosk: Kiosk, person: Person) -> list[dict[str, Any]]:
    return [message for message in kiosk.messages(person) if "document" in message]


def content(kiosk: Kiosk, person: Person, message: dict[str, Any]) -> bytes:
    file_id = message["document"]["file_id"]
    return kiosk.http.get(f"/telegram/chat/api/users/{person.telegram_id}/files/{file_id}").content


def file_id(kiosk: Kiosk, person: Person) -> str:
    """Of the one document a person has: each upload has another."""
    (one,) = documents(kiosk, person)
    return str(one["document"]["file_id"])


def test_the_buyer_gets_the_file_as_a_document(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    (one,) = documents(kiosk, anna)
    assert one["document"]["file_name"] == "Руководство.pdf"
    assert content(kiosk, anna, one) == b"%PDF one"
    assert "Руководство" in one["caption"]
    (artifact,) = shown(kiosk, anna)
    assert (artifact.kind, artifact.content, artifact.name) == ("document", KEY, "Руководство.pdf")


def test_it_is_uploaded_once_and_sent_to_others_by_its_id(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    people = [kiosk.person(f"Покупатель {n}") for n in range(3)]
    for person in people:
        kiosk.buy(person, "thing")
    assert len({file_id(kiosk, person) for person in people}) == 1
    assert kiosk.count("sent_files") == 1


def test_other_content_is_uploaded_anew_and_reaches_its_owners(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    storage(kiosk).put(KEY, b"%PDF two", "application/pdf")
    touch(kiosk, anna)
    touch(kiosk, anna)
    first, second = documents(kiosk, anna)
    assert content(kiosk, anna, second) == b"%PDF two"
    assert first["document"]["file_id"] != second["document"]["file_id"]


def test_an_id_that_telegram_forgot_is_replaced(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(anna, "thing")
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("UPDATE sent_files SET file_id = 'BQACgone'")
    kiosk.buy(boris, "thing")
    (one,) = documents(kiosk, boris)
    assert content(kiosk, boris, one) == b"%PDF one"
    assert kiosk.scalar("SELECT file_id FROM sent_files") == one["document"]["file_id"]


def test_another_bot_does_not_use_this_ones_ids(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna, boris = kiosk.person("Анна"), kiosk.person("Борис")
    kiosk.buy(anna, "thing")
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("UPDATE sent_files SET account = '43', file_id = 'BQACof43'")
    kiosk.buy(boris, "thing")
    assert file_id(kiosk, boris) != file_id(kiosk, anna)
    assert kiosk.count("sent_files") == 2


def test_without_storage_the_order_is_kept_and_operators_hear_of_it(make_kiosk: MakeKiosk) -> None:
    with make_kiosk() as kiosk:
        sell_file(kiosk)
        operator, anna = kiosk.person("Оператор"), kiosk.person("Анна")
        operators(kiosk, operator)
        right = kiosk.kit.provisioners["file"]
        provisioners = dict(kiosk.kit.provisioners) | {"file": File(None, has_address=True)}
        object.__setattr__(kiosk.kit, "provisioners", provisioners)
        kiosk.buy(anna, "thing")
        assert owned(kiosk, anna).state == "preparing"
        assert "misconfigured" in kiosk.messages(operator)[-1]["text"]
        assert any("STORAGE_" in error for _, error in kiosk.undone())
        object.__setattr__(kiosk.kit, "provisioners", provisioners | {"file": right})
        kiosk.hurry()
        assert owned(kiosk, anna).state == "ready"
        assert len(documents(kiosk, anna)) == 1


def test_a_file_that_nobody_uploaded_waits_for_it(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    storage(kiosk).delete(KEY)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert owned(kiosk, anna).state == "preparing"
    sell_file(kiosk)
    kiosk.hurry()
    assert len(documents(kiosk, anna)) == 1


def test_a_bucket_that_fails_while_it_is_sent_holds_back_no_message(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    with kiosk.kit.db.begin() as tx:
        tx.connection().exec_driver_sql("DELETE FROM sent_files")
    storage(kiosk).delete(KEY)
    with kiosk.kit.db.begin() as tx:
        assert notifications.send_document(tx, kiosk.kit.cipher, anna.party, owned(kiosk, anna).grant_id, kiosk.now)
    kiosk.drain()
    assert kiosk.undone() == []
    said = kiosk.messages(anna)[-1]
    assert "document" not in said
    assert "через несколько минут" in said["text"]
    assert said["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == f"doc:{owned(kiosk, anna).grant_id}"


def test_asked_for_twice_within_a_minute_it_is_sent_once(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna, stranger = kiosk.person("Анна"), kiosk.person("Чужой")
    kiosk.buy(anna, "thing")
    grant_id, now = owned(kiosk, anna).grant_id, kiosk.now.replace(second=30)
    for _ in range(2):
        with kiosk.kit.db.begin() as tx:
            notifications.send_document(tx, kiosk.kit.cipher, anna.party, grant_id, now)
    kiosk.drain()
    assert len(documents(kiosk, anna)) == 2  # with the first
    with kiosk.kit.db.begin() as tx, pytest.raises(AccessNotFound):
        notifications.send_document(tx, kiosk.kit.cipher, stranger.party, grant_id, now)
    end(kiosk, anna)
    with kiosk.kit.db.begin() as tx, pytest.raises(AccessNotFound):
        notifications.send_document(tx, kiosk.kit.cipher, anna.party, grant_id, now)


def test_a_document_that_may_have_arrived_is_not_sent_again_but_offered(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    kiosk.post("/telegram/faults", mode="502", method="sendDocument")
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert documents(kiosk, anna) == []
    assert kiosk.count("messages", "kind = 'document' AND state = 'maybe'") == 1
    offered = kiosk.messages(anna)[-1]
    assert offered["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == f"doc:{owned(kiosk, anna).grant_id}"
    assert kiosk.count("sent_files") == 0


class Bucket(Storage):
    """A bucket whose files are as large as a test needs, or that does not answer."""

    def __init__(self, size: int | Exception) -> None:
        self._size = size

    def look(self, key: str) -> StoredFile:
        if isinstance(self._size, Exception):
            raise self._size
        return StoredFile(self._size, "etag")


def test_a_file_too_large_for_telegram_is_offered_as_a_link(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    large = File(Bucket(50_000_001), has_address=True)
    object.__setattr__(kiosk.kit, "provisioners", dict(kiosk.kit.provisioners) | {"file": large})
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert documents(kiosk, anna) == []
    said = next(message for message in kiosk.messages(anna) if "📎" in message.get("text", ""))
    assert said["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == f"doc:{owned(kiosk, anna).grant_id}"
    with kiosk.kit.db.begin() as tx:
        found = provisioning.documents.document_of(tx, kiosk.kit.cipher, anna.party, owned(kiosk, anna).grant_id)
        assert not notifications.send_document(tx, kiosk.kit.cipher, anna.party, found.grant_id, kiosk.now)
    assert found.size == 50_000_001


@pytest.mark.parametrize(
    ("bucket", "has_address", "error"),
    [
        (Bucket(50_000_001), False, Misconfigured),
        (Bucket(NoSuchFile()), True, Misconfigured),
        (Bucket(TryLater("storage: head_object: ConnectTimeoutError")), True, TryLater),
        (None, True, Misconfigured),
    ],
)
def test_what_cannot_be_delivered_is_an_error_of_its_own(
    kiosk: Kiosk, bucket: Bucket | None, has_address: bool, error: type[Exception]
) -> None:
    sell_file(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    adapter, grant = File(bucket, has_address=has_address), wish(kiosk, anna)
    with pytest.raises(error):
        adapter.apply(kiosk.kit.db, grant, {}, kiosk.now)


def test_where_it_lies_is_in_no_event(kiosk: Kiosk) -> None:
    sell_file(kiosk)
    anna = kiosk.person()
    kiosk.buy(anna, "thing")
    assert KEY not in everything_written(kiosk)
