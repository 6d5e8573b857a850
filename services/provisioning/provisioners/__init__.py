"""One file for each way to give access; `base` has what they share."""
