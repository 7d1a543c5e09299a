"""Words of the language in which Temporal's lists and counts of runs are asked for."""

OPEN = "(ExecutionStatus = 'Running' OR ExecutionStatus = 'Paused')"


def quoted(value: str) -> str:
    """As a string of that language."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
