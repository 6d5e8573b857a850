"""Licence keys: pools that operators import, and keys that are signed here. Neither needs a port."""
