"""A pharmacy's till: prints fiscal receipts of today, as pictures to send to the bot.

Each receipt is another one: its number, and so its fiscal code, counts up. Letters are Latin, for the font that Pillow
carries has no others; the promoted product is found by its Latin alias."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from apps.sandbox.pages import page

REGISTER = "4000000017"
ZONE = ZoneInfo("Europe/Kyiv")
GOODS = (("CITRAMON-DARNITSA N20", "42.50"), ("VITAMIN C 500", "89.90"), ("PLASTER 10 PCS", "31.20"))
WIDE, SIZE, STEP, MARGIN = 620, 26, 36, 40  # pixels

_FORM = """<p>What a shopper is given. Save the picture, or drag it into the chat, and the bot reads it.</p>
<form method="get" action="receipt.png">{goods}<button>Print a receipt</button></form>
<p><img src="receipt.png?{query}" alt="A receipt" style="max-width:100%;border-radius:8px"></p>"""


@dataclass(frozen=True, slots=True)
class Sale:
    """Names with sums; `number` counts the till's receipts."""

    goods: Sequence[tuple[str, Decimal]]
    number: int
    at: datetime

    @property
    def total(self) -> Decimal:
        return sum((price for _, price in self.goods), Decimal(0))

    @property
    def code(self) -> str:
        """As the tax office's QR codes are written."""
        at = self.at.astimezone(ZONE)
        return (
            f"https://cabinet.tax.gov.ua/cashregs/check?id=S{self.number}&date={at:%Y%m%d}&time={at:%H%M%S}"
            f"&fn={REGISTER}&sm={self.total}"
        )


def create_app(now: Callable[[], datetime]) -> Starlette:
    """`now` is the world's time."""
    numbers = itertools.count(int(now().timestamp()))
    printed: dict[str, Sale] = {}

    async def front(_: Request) -> HTMLResponse:
        boxes = "".join(
            f'<label><input type="checkbox" name="item" value="{number}" {"checked" if number < 2 else ""}> '
            f"{name} {price}</label><br>"
            for number, (name, price) in enumerate(GOODS)
        )
        return page("Till", _FORM.format(goods=boxes, query="item=0&amp;item=1"))

    async def receipt(request: Request) -> Response:
        goods = _goods(request)
        if not goods:
            return Response("item: numbers of goods, or name:sum", 422)
        sold = Sale(goods, next(numbers), now())
        printed[f"S{sold.number}"] = sold
        name = f"receipt-{sold.number}.png"
        return Response(
            draw(sold), media_type="image/png", headers={"Content-Disposition": f'inline; filename="{name}"'}
        )

    async def register(request: Request) -> Response:
        """The tax register, which knows what this till has printed (ws/api_public/rro/chkAllWeb)."""
        asked = request.query_params
        found = printed.get(asked.get("id", ""))
        if found is None or asked.get("fn") != REGISTER or asked.get("sm") != f"{found.total:.2f}":
            return JSONResponse({"error_description": "Інформація відсутня"}, 400)
        return JSONResponse({"check": "\n".join(" ".join(line) for line in _lines(found))})

    return Starlette(
        routes=[Route("/", front), Route("/receipt.png", receipt), Route("/register", register)],
    )


def draw(sold: Sale) -> bytes:
    """PNG, on a dark table as a photo would be."""
    import segno
    from PIL import Image, ImageDraw, ImageFont

    font: Any = ImageFont.load_default(SIZE)
    lines = _lines(sold)
    kept = io.BytesIO()
    segno.make(sold.code, error="m").save(kept, kind="png", scale=5, border=4)
    square = Image.open(kept).convert("L")
    high = 2 * MARGIN + STEP * len(lines) + square.height
    paper = Image.new("L", (WIDE, high), 248)
    pen = ImageDraw.Draw(paper)
    for number, (left, right) in enumerate(lines):
        y = MARGIN + STEP * number
        pen.text((MARGIN, y), left, fill=20, font=font)
        pen.text((WIDE - MARGIN - font.getlength(right), y), right, fill=20, font=font)
    paper.paste(square, ((WIDE - square.width) // 2, MARGIN + STEP * len(lines)))
    table = Image.new("L", (WIDE + 120, high + 120), 70)
    table.paste(paper, (60, 60))
    picture = io.BytesIO()
    table.save(picture, "PNG")
    return picture.getvalue()


def _lines(sold: Sale) -> list[tuple[str, str]]:
    at = sold.at.astimezone(ZONE)
    goods = [(name, f"{price:.2f}") for name, price in sold.goods]
    return [
        ("TOV APTEKA DOBROHO DNIA", ""),
        ("KYIV, KHRESHCHATYK 1", ""),
        ("PN 123456789012", ""),
        ("", ""),
        *goods,
        ("", ""),
        ("TOTAL", f"{sold.total:.2f}"),
        ("CASH UAH", f"{sold.total:.2f}"),
        (f"{at:%d.%m.%Y}", f"{at:%H:%M:%S}"),
        (f"CHECK S{sold.number}", ""),
        (f"FN {REGISTER}", ""),
    ]


def _goods(request: Request) -> list[tuple[str, Decimal]]:
    """Of the query: `item` is a number of GOODS, or "name:sum"."""
    found = []
    for asked in request.query_params.getlist("item")[:20]:
        name, _, price = asked.rpartition(":")
        if asked.isdigit() and int(asked) < len(GOODS):
            name, price = GOODS[int(asked)]
        try:
            value = Decimal(price)
        except InvalidOperation:
            continue
        if name and 0 < value < 100_000:
            found.append((name[:40], value.quantize(Decimal("0.01"))))
    return found
