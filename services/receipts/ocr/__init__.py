"""From a picture to what is printed on it: fiscal codes first, then text. Knows no tables and no rules."""
