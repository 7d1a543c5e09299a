"""The words for what made a run or a step fail; reconciliation uses the same ones."""

from operations.causes import root_cause

__all__ = ["root_cause"]
