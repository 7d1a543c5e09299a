"""Bulk: one action on many executions, chosen by ids, filter or group; planned, then done row by row, then verified."""
