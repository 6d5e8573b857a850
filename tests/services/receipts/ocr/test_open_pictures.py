"""What is no picture, too large or a trap is refused with its reason; the rest stands upright and in grey."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pillow_heif
import pypdfium2
import pytest
from PIL import Image, ImageChops

from services.receipts.ocr.errors import PictureRefused
from services.receipts.ocr.pictures import LONGEST, open_picture

ORIENTATION, SOFTWARE, MAKE = 0x0112, 0x0131, 0x010F


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    kept = io.BytesIO()
    image.save(kept, kind, **options)
    return kept.getvalue()


def plain(width: int = 300, height: int = 600, mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert(mode)


def pdf(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(200, 400)
    kept = io.BytesIO()
    document.save(kept)
    document.close()
    return kept.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 30,000 x 30,000."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack("!I", len(content)) + name + content + struct.pack("!I", zlib.crc32(name + content))

    header = struct.pack("!IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


def refusal(content: bytes) -> str:
    with pytest.raises(PictureRefused) as refused:
        open_picture(content)
    return refused.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_of_every_kind_are_grey(kind: str) -> None:
    opened = open_picture(saved(plain(), kind))
    assert (opened.image.mode, opened.image.size) == ("L", (300, 600))
    assert (opened.facts.kind, opened.facts.width, opened.facts.height) == (kind, 300, 600)


def test_a_photo_of_an_iphone() -> None:
    kept = io.BytesIO()
    pillow_heif.from_pillow(plain()).save(kept)
    opened = open_picture(kept.getvalue())
    assert (opened.facts.kind, opened.image.size, opened.image.mode) == ("HEIF", (300, 600), "L")


def test_a_page_of_a_pdf() -> None:
    opened = open_picture(pdf(1))
    assert (opened.facts.kind, opened.image.mode) == ("PDF", "L")
    assert opened.image.size == (1200, 2400)


def test_a_large_scan_is_made_smaller() -> None:
    opened = open_picture(saved(plain(2000, 4000, "L"), "JPEG"))
    assert max(opened.image.size) <= LONGEST
    assert (opened.facts.width, opened.facts.height) == (2000, 4000)


def test_a_camera_that_was_held_sideways() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Phone"
    opened = open_picture(saved(plain(600, 300), "JPEG", exif=exif))
    assert opened.image.size == (300, 600)
    assert (opened.facts.width, opened.facts.height, opened.facts.has_exif) == (300, 600, True)


def test_a_program_that_edits_pictures_is_named() -> None:
    exif = Image.Exif()
    exif[SOFTWARE] = "Adobe Photoshop 25.1 (Windows)"
    assert open_picture(saved(plain(), "JPEG", exif=exif)).facts.edited
    exif[SOFTWARE] = "17.5.1"  # a phone's own system
    assert not open_picture(saved(plain(), "JPEG", exif=exif)).facts.edited


@pytest.mark.parametrize(
    ("size", "noise", "exif", "screenshot"),
    [
        ((1080, 2400), 0, False, True),
        ((576, 1280), 0, False, True),  # the same, as Telegram sends it
        ((576, 1280), 40, False, False),  # a photo as tall as a screen
        ((1080, 2400), 0, True, False),  # a camera's
        ((1000, 2400), 0, False, False),  # a scan
    ],
)
def test_a_screenshot_has_a_screens_size_and_a_bar(
    size: tuple[int, int], noise: int, exif: bool, screenshot: bool
) -> None:
    picture = Image.new("L", size, 250)
    if noise:
        picture = ImageChops.add(Image.effect_noise(size, noise), Image.new("L", size, 60))
    by_camera = Image.Exif()
    if exif:
        by_camera[MAKE] = "Phone"
    assert open_picture(saved(picture, "JPEG", exif=by_camera)).facts.screenshot is screenshot


def test_print_on_nothing_is_print_on_paper() -> None:
    opened = open_picture(saved(Image.new("RGBA", (200, 200), (0, 0, 0, 0)), "PNG"))
    assert opened.image.getextrema() == (255, 255)


def test_deep_shades_are_scaled_not_cut() -> None:
    deep = Image.new("I;16", (200, 200), 65_000)
    deep.paste(0, (0, 0, 100, 200))
    assert open_picture(saved(deep, "PNG")).image.getextrema() == (0, 255)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_a_picture"),
        (b"Dear sirs, here is my receipt", "not_a_picture"),
        (b"GIF89a" + bytes(100), "not_a_picture"),
        (b"\xff\xd8\xff" + b"0" * 10_000_000, "too_large"),
        (b"\xff\xd8\xff\xe0 and then text", "broken"),
        (saved(plain(), "PNG")[:400], "broken"),
        (saved(plain(1000, 1000), "JPEG")[:2000], "broken"),
        (saved(plain(), "JPEG").replace(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", 1), "not_a_picture"),
        (saved(plain(1, 1), "PNG"), "too_small"),
        (saved(plain(3000, 60), "PNG"), "too_small"),
        (bomb(), "too_many_pixels"),
        (b"%PDF-1.7 and nothing else", "broken"),
        (pdf(2), "several_pages"),
        (
            saved(plain(), "WEBP", save_all=True, append_images=[Image.new("RGB", (300, 600))], duration=100),
            "several_pages",
        ),
        (saved(plain(), "PNG", save_all=True, append_images=[Image.new("RGB", (300, 600))]), "several_pages"),
    ],
)
def test_what_is_refused(content: bytes, reason: str) -> None:
    assert refusal(content) == reason
