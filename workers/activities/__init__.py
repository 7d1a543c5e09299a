"""The steps of workflows: idempotent writes, each in one transaction."""
