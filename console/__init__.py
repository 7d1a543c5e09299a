"""The staff's doors: browser pages, REST and the command line."""
