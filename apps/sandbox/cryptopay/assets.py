"""Coins and currencies of the sandbox, at rates that never move."""

from decimal import ROUND_UP, Decimal
from typing import Any

RUBLES = {  # the price of one, in roubles
    "USDT": Decimal("80.05"),
    "TON": Decimal("251.4"),
    "BTC": Decimal("7312450.5"),
    "ETH": Decimal("241180.25"),
    "LTC": Decimal("6890.1"),
    "BNB": Decimal("52310.75"),
    "TRX": Decimal("22.35"),
    "USDC": Decimal("80.01"),
}
FIATS = {"RUB": Decimal(1), "USD": Decimal("80.01"), "EUR": Decimal("92.4"), "UAH": Decimal("1.91")}
FEE = Decimal("0.03")
_SMALLEST = Decimal("0.00000001")


def rate(asset: str, fiat: str) -> Decimal:
    """The price of one `asset` in `fiat`, with 8 digits after the point."""
    return (RUBLES[asset] / FIATS[fiat]).quantize(_SMALLEST)


def coins(amount: str, fiat: str, asset: str) -> Decimal:
    """What pays `amount` of `fiat` in coins, never less."""
    return (Decimal(amount) / rate(asset, fiat)).quantize(_SMALLEST, ROUND_UP)


def written(number: Decimal) -> str:
    """As Crypto Pay writes numbers: without zeros at the end ("2", "0.06", "100")."""
    return f"{number.normalize():f}"


def exchange_rates() -> list[dict[str, Any]]:
    """The answer of getExchangeRates."""
    known = {"is_valid": True, "is_crypto": True, "is_fiat": False}
    return [
        {**known, "source": asset, "target": fiat, "rate": written(rate(asset, fiat))}
        for asset in RUBLES
        for fiat in FIATS
    ]
