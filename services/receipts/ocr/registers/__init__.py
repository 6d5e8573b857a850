"""Tax registers that say whether they know a receipt. Optional: none is asked unless an address is set."""
