"""What kind of file somebody sent, by its first bytes: what it is called and said to be proves nothing. Whether it can
be opened is found out where it is read, in a process of its own."""

from __future__ import annotations

from services.receipts.errors import BadPicture

LARGEST = 10_000_000  # bytes
SUFFIXES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
}
MEDIA_TYPES = tuple(SUFFIXES)
# Brands of ISO base media files that hold a still picture in HEVC (ISO/IEC 23008-12).
HEIF = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}


def media_type(content: bytes) -> str:
    """A key of SUFFIXES. Raises BadPicture."""
    if not content:
        raise BadPicture("empty")
    if len(content) > LARGEST:
        raise BadPicture("too_large")
    if content[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in HEIF:
        return "image/heic"
    if content[:5] == b"%PDF-":
        return "application/pdf"
    raise BadPicture("not_a_picture")
