"""Questions to a database that has much in it."""
