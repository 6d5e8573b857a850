"""Licence keys: pools that operators import, and keys that are signed here. Neither needs a port."""

from services.provisioning.licences.importing import ImportRunning, import_keys
from services.provisioning.licences.operate import (
    LicenceLine,
    NothingToReplace,
    list_licences,
    restore_licence,
    revoke_licence,
)
from services.provisioning.licences.pool import PoolCount, TooSoon, pools
from services.provisioning.licences.reading import BadKeys, read_keys
from services.provisioning.licences.signed import SignedLicence, Signer, make_signing_key
from services.provisioning.licences.verify import LicenceNotFound, LicenceState, verify_licence

__all__ = [
    "BadKeys",
    "ImportRunning",
    "LicenceLine",
    "LicenceNotFound",
    "LicenceState",
    "NothingToReplace",
    "PoolCount",
    "SignedLicence",
    "Signer",
    "TooSoon",
    "import_keys",
    "list_licences",
    "make_signing_key",
    "pools",
    "read_keys",
    "restore_licence",
    "revoke_licence",
    "verify_licence",
]
