"""Several modules together, with real servers."""
