"""REST: a class of routes per noun; errors become HTTP in `problems` alone."""
