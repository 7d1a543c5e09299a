"""Sentences of causes."""

from operations.diagnosis.sentences import SEVERAL, of_several
from operations.statuses import Cause


def test_every_cause_has_a_sentence_for_runs_of_which_no_other_is_true() -> None:
    assert set(SEVERAL) == set(Cause)


def test_work_that_nobody_takes_is_said_to_wait_in_so_many_queues() -> None:
    assert of_several(Cause.NO_WORKER, queues=2) == "No worker takes their work, which waits in 2 queues."
    assert of_several(Cause.NO_WORKER, queues=1) == "No worker takes their work."
