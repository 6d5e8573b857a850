"""Pictures of receipts of known contents, and what happens to pictures: turned, blurred, noisy, shaded, cut, small."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.printed_receipts import WIDTH, Truth, printed

FONTS = (  # with Cyrillic letters, each as wide as another
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"),
    Path("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf"),
)
FONT = next((path for path in FONTS if path.exists()), None)
SIZE, STEP, MARGIN, TABLE = 26, 34, 36, 70  # pixels: letters, lines, paper beside print, table beside paper
PAPER, INK, WOOD = 246, 40, 88  # shades of grey


def code_of(truth: Truth) -> str | None:
    """What the fiscal code of this receipt says; None where the country has none."""
    day, clock = truth.date, truth.time
    if truth.layout == "ru":
        return f"t={day:%Y%m%d}T{clock:%H%M}&s={truth.total}&fn={truth.register}&i={truth.document}&fp=2345678901&n=1"
    if truth.layout.startswith("ua"):
        return (
            f"https://cabinet.tax.gov.ua/cashregs/check?id={truth.document}&date={day:%Y%m%d}"
            f"&time={clock:%H%M%S}&fn={truth.register}&sm={truth.total}"
        )
    return None


def draw(truth: Truth, *, code: bool = False) -> Image.Image:
    """On a table, upright, in shades of grey; `code` adds the fiscal QR code, if there is one."""
    assert FONT, "no font with Cyrillic letters"
    font = ImageFont.truetype(FONT, SIZE)
    lines = printed(truth)
    wide = round(font.getlength("0" * WIDTH)) + 2 * MARGIN
    square = _square(code_of(truth)) if code else None
    high = STEP * len(lines) + 2 * MARGIN + (square.height + MARGIN if square else 0)
    paper = Image.new("L", (wide, high), PAPER)
    pen = ImageDraw.Draw(paper)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + STEP * number), line, fill=INK, font=font)
    if square:
        paper.paste(square, ((wide - square.width) // 2, MARGIN + STEP * len(lines) + MARGIN // 2))
    table = Image.new("L", (wide + 2 * TABLE, high + 2 * TABLE), WOOD)
    table.paste(paper, (TABLE, TABLE))
    return table


def _square(text: str | None) -> Image.Image | None:
    if text is None:
        return None
    kept = io.BytesIO()
    segno.make(text, error="m").save(kept, kind="png", scale=5, border=4)
    return Image.open(kept).convert("L").point(lambda shade: INK if shade < 128 else PAPER)


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    return picture.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=WOOD)


def blurred(picture: Image.Image, pixels: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(pixels))


def noisy(picture: Image.Image, shades: float) -> Image.Image:
    dice = np.random.default_rng(7)
    return _picture(np.asarray(picture, np.float32) + dice.normal(0, shades, (picture.height, picture.width)))


def shaded(picture: Image.Image, part: float) -> Image.Image:
    """Darker towards the lower right corner, where `part` of the light is missing."""
    down, right = np.mgrid[0 : picture.height, 0 : picture.width]
    light = 1 - part * (down / picture.height + right / picture.width) / 2
    return _picture(np.asarray(picture, np.float32) * light)


def faded(picture: Image.Image, part: float) -> Image.Image:
    """Print that is lighter by `part` of its blackness."""
    shades = np.asarray(picture, np.float32)
    return _picture(np.where(shades < PAPER, shades + (PAPER - shades) * part * (shades < WOOD - 1), shades))


def small(picture: Image.Image, times: float) -> Image.Image:
    return picture.resize((round(picture.width / times), round(picture.height / times)), Image.Resampling.BILINEAR)


def cut(picture: Image.Image, part: float) -> Image.Image:
    """Without its lower `part`."""
    return picture.crop((0, 0, picture.width, round(picture.height * (1 - part))))


def creased(picture: Image.Image, shades: float) -> Image.Image:
    """With three dark folds across, and rows that are shifted between them."""
    pixels = np.asarray(picture, np.float32).copy()
    for fold in (picture.height // 4, picture.height // 2, 3 * picture.height // 4):
        pixels[fold - 3 : fold + 3] -= shades
        pixels[fold:] = np.roll(pixels[fold:], round(shades / 10), axis=1)
    return _picture(pixels)


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


HARM: Mapping[str, tuple[Callable[[Image.Image, float], Image.Image], tuple[float, ...]]] = {
    "turned by degrees": (turned, (2, 5, 12, 90)),
    "blurred by pixels": (blurred, (1, 2, 3)),
    "noise in shades": (noisy, (15, 30, 60)),
    "light missing": (shaded, (0.4, 0.7, 0.9)),
    "print faded": (faded, (0.4, 0.6, 0.8)),
    "smaller, times": (small, (1.5, 2, 2.5)),
    "lower part cut": (cut, (0.05, 0.15, 0.3)),
    "creased, shades": (creased, (40, 80, 120)),
}


def saved(picture: Image.Image, quality: int = 80) -> bytes:
    """As a phone saves it."""
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()
