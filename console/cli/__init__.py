"""The command line: `tenantry`."""

from console.cli.app import main

__all__ = ["main"]
