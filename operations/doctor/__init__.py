"""Whether what must be true of an installation is true, looked at while it runs."""
