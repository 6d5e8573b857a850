import io
from ipaddress import IPv4Network, IPv6Network

import pytest
import zxingcpp
from PIL import Image

from services.provisioning.wireguard.addresses import addresses
from services.provisioning.wireguard.config_file import render
from services.provisioning.wireguard.keys import generate_keypair, generate_preshared_key
from services.provisioning.wireguard.qr import png

CONFIG = render(
    private_key=generate_keypair().private,
    addresses=addresses(IPv4Network("10.66.0.0/22"), IPv6Network("fd42:66::/112"), 1022),
    dns="1.1.1.1, 2606:4700:4700::1111",
    server_public_key=generate_keypair().public,
    preshared_key=generate_preshared_key(),
    endpoint="frankfurt-number-one.vpn.example.com:51820",
)


@pytest.mark.parametrize(
    "text",
    [
        CONFIG,
        f"# Франкфурт\n{CONFIG}",
        f"# Zürich\n{CONFIG}",
        "7",
        "ABC-123",
        "https://t.me/kiosk_bot?start=x",
        "é",
        "x" * 2900,
    ],
)
def test_a_phone_reads_back_the_same_bytes(text: str) -> None:
    picture = Image.open(io.BytesIO(png(text)))

    (code,) = zxingcpp.read_barcodes(picture)

    assert code.format == zxingcpp.BarcodeFormat.QRCode, "phones cannot read a Micro QR"
    assert code.bytes == text.encode()
    assert code.text == text


@pytest.mark.parametrize("scale", [3, 6, 10])
def test_there_are_four_white_modules_around(scale: int) -> None:
    picture = Image.open(io.BytesIO(png("https://example.com", scale))).convert("L")
    width, height = picture.size
    dark = picture.point(lambda value: 255 - value).getbbox()

    assert picture.format in (None, "PNG")
    assert dark == (4 * scale, 4 * scale, width - 4 * scale, height - 4 * scale)


def test_a_config_fits_a_phone_screen() -> None:
    width, _ = Image.open(io.BytesIO(png(CONFIG))).size

    assert width <= 600


def test_too_much_text_is_an_error() -> None:
    with pytest.raises(ValueError):
        png("x" * 3000)
