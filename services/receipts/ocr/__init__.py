"""From a picture to what is printed on it: fiscal codes first, then text. Knows no tables and no rules. What is heavy
is imported by the process that reads alone."""

from services.receipts.ocr.errors import EngineFailed, PictureRefused, ReaderBusy
from services.receipts.ocr.languages import Languages, find_languages
from services.receipts.ocr.process import Reader

__all__ = ["EngineFailed", "Languages", "PictureRefused", "Reader", "ReaderBusy", "find_languages"]
