"""Compares the database with Temporal and makes the rows say what is true. docs/reconciliation.md has the rules."""
