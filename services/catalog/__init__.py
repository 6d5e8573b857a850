"""What is for sale: tariffs, their prices in each currency, and who may see them.

A tariff may change at any time; what somebody buys is a `Quote`, the tariff's terms frozen at that moment and kept on
the invoice. Operators write the catalogue as one TOML file (`import_catalogue`)."""

from services.catalog.good_options import is_word
from services.catalog.goods import Good, good, goods
from services.catalog.importing import BadCatalogue, ImportReport, import_catalogue
from services.catalog.period import Period
from services.catalog.quotes import NotForSale, Quote, quote, terms
from services.catalog.tariffs import Tariff, TariffNotFound, list_tariffs, tariff

__all__ = [
    "BadCatalogue",
    "Good",
    "ImportReport",
    "NotForSale",
    "Period",
    "Quote",
    "Tariff",
    "TariffNotFound",
    "good",
    "goods",
    "import_catalogue",
    "is_word",
    "list_tariffs",
    "quote",
    "tariff",
    "terms",
]
