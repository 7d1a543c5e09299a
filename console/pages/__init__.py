"""The pages in the browser: a file and a `Place` for each, listed in `places`."""
