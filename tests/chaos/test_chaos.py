"""A trial by a fixed seed; `make chaos` is the longest one. CHAOS_SEED and CHAOS_FAULTS choose another."""

import os

import pytest

from tests.chaos import trial
from tests.chaos.__main__ import say

SEED = int(os.environ.get("CHAOS_SEED", "1"))
FAULTS = int(os.environ.get("CHAOS_FAULTS", "60"))


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_nothing_acknowledged_is_lost_or_done_twice_whatever_fails() -> None:
    say(f"seed {SEED}, {FAULTS} faults")

    verdict = await trial.run(SEED, FAULTS, say)

    assert verdict.violations == []
