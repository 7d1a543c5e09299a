"""What can be done: each action checks the role, records, and acts in one transaction."""
