"""What an operation is, what can be seen and what can be done; every door (pages, REST, CLI, workers) comes through here."""
