"""A key pair, the .conf and its QR code: milliseconds each and together, against segno making the same picture.

The promise to a buyer is 500 ms."""

from __future__ import annotations

import io
from collections.abc import Callable
from ipaddress import IPv4Interface, IPv6Interface
from statistics import median

import segno

from bench.rig import stopwatch, table
from services import provisioning
from services.provisioning.wireguard import config_file, keys

COUNT = 40
SERVER = keys.generate_keypair().public


def pair() -> tuple[str, str]:
    return keys.generate_keypair().private, keys.generate_preshared_key()


def config(private: str, preshared: str) -> str:
    return config_file.render(
        private_key=private,
        addresses=(IPv4Interface("10.66.0.77/32"), IPv6Interface("fd42:66::4d/128")),
        dns="1.1.1.1, 2606:4700:4700::1111",
        server_public_key=SERVER,
        preshared_key=preshared,
        endpoint="de1.example.net:51820",
    )


def picture(text: str) -> None:
    segno.make_qr(text, error="l", encoding="utf-8").save(io.BytesIO(), kind="png", scale=6, border=4)


def main() -> None:
    text = config(*pair())
    steps: dict[str, Callable[[], object]] = {
        "segno alone (ceiling)": lambda: picture(text),
        "key pair and preshared key": pair,
        ".conf": lambda: config("x" * 44, "y" * 44),
        "QR code as PNG": lambda: provisioning.qr_png(text),
        "**together**": lambda: provisioning.qr_png(config(*pair())),
    }
    costs: dict[str, list[float]] = {what: [] for what in steps}
    for _ in range(COUNT):
        for what, step in steps.items():  # in turn, so that a busy moment of the machine touches all of them
            with stopwatch(1) as cost:
                step()
            costs[what].append(cost.milliseconds)
    ceiling = median(costs["segno alone (ceiling)"])
    rows = [(what, f"{median(each):.2f} ms", f"{median(each) / ceiling:.2f}") for what, each in costs.items()]
    table(("Configuration and QR", "median", "× ceiling"), rows)


if __name__ == "__main__":
    main()
