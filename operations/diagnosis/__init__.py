"""Why an execution does not go on: from facts of the database and of Temporal to one cause, and what helps."""
