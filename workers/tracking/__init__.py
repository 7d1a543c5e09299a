"""Tracking: observes every workflow and every step, and re-raises what it sees."""
