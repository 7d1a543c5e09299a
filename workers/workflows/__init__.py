"""Workflows orchestrate: no clock, no randomness, no input or output of their own."""
