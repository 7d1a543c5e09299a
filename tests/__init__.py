"""All tests. What a directory shares lasts as long as its tests run, which is why it is a package."""
