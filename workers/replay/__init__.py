"""Replays the runs in flight by this version's workflows: the gate before a deploy."""
