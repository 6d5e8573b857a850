"""Calls to a seller's own address. See docs/access/callout.md for the protocol."""
