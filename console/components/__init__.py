"""What pages are made of: they draw plain data, and know no service."""
