"""From printed lines to what they mean. Pure: text in, values out."""

from services.receipts.ocr.parse.parsed import Parsed
from services.receipts.ocr.parse.whole import parse

__all__ = ["Parsed", "parse"]
