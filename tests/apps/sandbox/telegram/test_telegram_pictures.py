"""What people send: photos, files, albums and phone numbers, in Telegram's shapes; and how a bot gets their bytes."""

import io
from typing import Any

import aiogram.types
import pytest
import telegram as ptb
from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from tests.apps.sandbox.telegram.running_telegram import TOKEN, Clock, Telegram, picture


def sent(telegram: Telegram, person: int, kind: str, *files: tuple[str, bytes, str], caption: str = "") -> Any:
    """What the bot hears of it, and that clients we did not write understand it whole."""
    seen = {update["update_id"] for update in telegram.call("getUpdates")}
    answer = telegram.client.post(
        f"/chat/api/users/{person}/file", files=[(kind, file) for file in files], data={"caption": caption}
    )
    assert answer.status_code == 200, answer.text
    new = [update for update in telegram.call("getUpdates") if update["update_id"] not in seen]
    for update in new:
        assert not aiogram.types.Update.model_validate(update).message.model_extra
        assert not ptb.Update.de_json(update, None).api_kwargs
    messages = [update["message"] for update in new]
    assert answer.json() in (messages, messages[0])
    return answer.json()


def saved(image: Image.Image, format_: str, **how: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, format_, **how)
    return data.getvalue()


def downloaded(telegram: Telegram, file_id: str) -> bytes:
    path = telegram.call("getFile", file_id=file_id)["file_path"]
    answer = telegram.client.get(f"/file/bot{TOKEN}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    return answer.content


def from_a_phone() -> bytes:
    """4000 x 3000 lying on its side, with a place, a profile and a comment in it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "A phone"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    plain = Image.new("RGB", (4000, 3000), "gray")
    return saved(plain, "JPEG", exif=exif, comment=b"a comment", icc_profile=b"a profile")


def test_a_photo_is_small_upright_and_tells_nothing_of_the_phone(telegram: Telegram, anna: int) -> None:
    message = sent(telegram, anna, "photo", ("IMG_1.jpg", from_a_phone(), "image/jpeg"), caption="receipt")
    assert message["caption"] == "receipt"
    sizes = [(size["width"], size["height"]) for size in message["photo"]]
    assert sizes == [(68, 90), (240, 320), (600, 800), (960, 1280)]
    assert (
        len({size["file_unique_id"] for size in message["photo"]}) == len({s["file_id"] for s in message["photo"]}) == 4
    )
    content = downloaded(telegram, message["photo"][-1]["file_id"])
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (960, 1280), {})
    assert not image.info.keys() & {"exif", "comment", "icc_profile"}
    assert len(content) == message["photo"][-1]["file_size"]


def test_what_is_too_much_for_a_bot_a_persons_app_makes_small(telegram: Telegram, anna: int) -> None:
    wide = saved(Image.new("L", (9600, 500)), "PNG")
    assert telegram.refusal("sendPhoto", files={"photo": ("p.png", wide, "image/png")}, chat_id=anna)[0] == 400
    message = sent(telegram, anna, "photo", ("p.png", wide, "image/png"))
    assert message["photo"][-1]["width"] == 1280
    strip = saved(Image.new("L", (2100, 100)), "PNG")
    refused = telegram.client.post(f"/chat/api/users/{anna}/file", files={"photo": ("p.png", strip, "image/png")})
    assert (refused.status_code, refused.json()) == (400, {"error": "Bad Request: PHOTO_INVALID_DIMENSIONS"})


def test_photos_of_other_formats(telegram: Telegram, anna: int) -> None:
    register_heif_opener()
    heic = saved(Image.new("RGB", (64, 48), "red"), "HEIF")
    clear = saved(Image.new("RGBA", (64, 48), (0, 0, 0, 0)), "PNG")
    for content, colour in ((heic, (250, 0, 0)), (clear, (255, 255, 255))):
        photo = sent(telegram, anna, "photo", ("p", content, ""))["photo"]
        shown = Image.open(io.BytesIO(downloaded(telegram, photo[-1]["file_id"]))).getpixel((9, 9))
        assert all(abs(a - b) < 9 for a, b in zip(shown, colour, strict=True))


def test_the_same_file_has_the_same_unique_id_whoever_sends_it(telegram: Telegram, anna: int) -> None:
    boris = telegram.person(first_name="Boris")
    file = ("p.png", picture(100, 80), "image/png")
    one, two = (sent(telegram, person, "photo", file)["photo"][-1] for person in (anna, boris))
    assert one["file_unique_id"] == two["file_unique_id"]
    assert one["file_id"] != two["file_id"]
    other = sent(telegram, anna, "photo", ("p.png", picture(101, 80), "image/png"))["photo"][-1]
    assert other["file_unique_id"] != one["file_unique_id"]


def test_a_picture_sent_as_a_file_keeps_its_bytes_and_has_a_thumbnail(telegram: Telegram, anna: int) -> None:
    content = from_a_phone()
    document = sent(telegram, anna, "document", ("IMG_1.jpg", content, "image/jpeg"))["document"]
    assert (document["file_name"], document["mime_type"]) == ("IMG_1.jpg", "image/jpeg")
    assert downloaded(telegram, document["file_id"]) == content
    thumbnail = document["thumbnail"]
    assert (thumbnail["width"], thumbnail["height"]) == (240, 320)
    small = Image.open(io.BytesIO(downloaded(telegram, thumbnail["file_id"])))
    assert (small.format, small.size) == ("JPEG", (240, 320))


@pytest.mark.parametrize("file", [("a.pdf", b"%PDF", "application/pdf"), ("a.jpg", b"no picture", "image/jpeg")])
def test_a_file_that_is_no_picture_has_no_thumbnail(
    telegram: Telegram, anna: int, file: tuple[str, bytes, str]
) -> None:
    document = sent(telegram, anna, "document", file)["document"]
    assert "thumbnail" not in document
    assert downloaded(telegram, document["file_id"]) == file[1]


def test_an_album_comes_as_a_message_each(telegram: Telegram, anna: int) -> None:
    files = [(f"{i}.png", picture(40 + i, 30), "image/png") for i in range(3)]
    photos = sent(telegram, anna, "photo", *files, caption="three")
    assert [message["photo"][-1]["width"] for message in photos] == [40, 41, 42]
    assert [message.get("caption") for message in photos] == ["three", None, None]
    first = photos[0]["message_id"]
    assert [message["message_id"] for message in photos] == [first, first + 1, first + 2]
    documents = sent(telegram, anna, "document", *files)
    groups = [{message["media_group_id"] for message in album} for album in (photos, documents)]
    assert [len(group) for group in groups] == [1, 1]
    assert groups[0] != groups[1]


@pytest.mark.parametrize("kinds", [["photo"] * 11, ["photo", "document"], ["sticker"]])
def test_albums_that_cannot_be(telegram: Telegram, anna: int, kinds: list[str]) -> None:
    parts = [(kind, ("p.png", picture(9, 9), "image/png")) for kind in kinds]
    assert telegram.client.post(f"/chat/api/users/{anna}/file", files=parts).status_code == 400
    assert telegram.call("getUpdates") == []


def test_a_link_is_good_for_an_hour(telegram: Telegram, clock: Clock, anna: int) -> None:
    file_id = sent(telegram, anna, "document", ("a.txt", b"bytes", "text/plain"))["document"]["file_id"]
    unasked = telegram.client.get(f"/file/bot{TOKEN}/documents/file_0.txt")
    path = telegram.call("getFile", file_id=file_id)["file_path"]
    clock.advance(hours=1)
    assert telegram.client.get(f"/file/bot{TOKEN}/{path}").content == b"bytes"
    clock.advance(seconds=1)
    over = telegram.client.get(f"/file/bot{TOKEN}/{path}")
    for refused in (unasked, over):
        assert (refused.status_code, refused.json()["description"]) == (404, "Not Found")
    assert telegram.call("getFile", file_id=file_id)["file_path"] == path
    assert telegram.client.get(f"/file/bot{TOKEN}/{path}").content == b"bytes"
    assert telegram.client.get(f"/file/bot42:WRONG/{path}").status_code == 401


def test_whose_contact_it_is(telegram: Telegram, anna: int) -> None:
    boris = telegram.person(first_name="Boris")
    telegram.act(anna, "contact", phone_number="380501112233")
    telegram.act(anna, "contact", phone_number="+380671112233", user_id=boris, first_name="Boris")
    telegram.act(anna, "contact", phone_number="067 111 22 33", user_id=None, first_name="Grandma")
    updates = telegram.call("getUpdates")
    for update in updates:
        assert not aiogram.types.Update.model_validate(update).message.model_extra
    assert [update["message"]["contact"] for update in updates] == [
        {"phone_number": "380501112233", "first_name": "Anna", "user_id": anna},
        {"phone_number": "+380671112233", "first_name": "Boris", "user_id": boris},
        {"phone_number": "067 111 22 33", "first_name": "Grandma"},
    ]
