"""The one outbox to Temporal: intents are queued with their reason, claimed, delivered and settled."""
