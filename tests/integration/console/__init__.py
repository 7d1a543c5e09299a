"""The doors of a running console."""
