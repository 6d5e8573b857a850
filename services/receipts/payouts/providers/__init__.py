"""Who pays: one file for each."""
