"""QR codes that phones read."""

import io

import segno

QUIET_ZONE = 4  # modules of white around the code, as ISO/IEC 18004 demands


def png(text: str, scale: int = 6) -> bytes:
    """A PNG of `text`, `scale` pixels a module. Raises ValueError when it does not fit (about 2900 bytes).

    Always a full QR code: phones cannot read the Micro QR that short texts would get by default. The code is as
    small as the text allows; the error correction is the best that fits that size."""
    picture = io.BytesIO()
    # Left to itself segno writes Cyrillic as Shift-JIS and umlauts as Latin-1, which phones may read as either.
    code = segno.make_qr(text, error="l", boost_error=True, encoding="utf-8")
    code.save(picture, kind="png", scale=scale, border=QUIET_ZONE)
    return picture.getvalue()
