"""Reads: what can be seen, from PostgreSQL alone. Each returns frozen dataclasses."""
