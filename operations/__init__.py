"""What an operation is, what can be seen and what can be done; every door comes through here."""
