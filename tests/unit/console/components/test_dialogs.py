"""What is asked before something is done."""

from dataclasses import replace

from console.components.dialogs import Question

QUESTION = Question(
    title="Approve Acme?",
    action="Approve",
    what_will_happen=("The schema is made.",),
    not_undone=("A decision is final.",),
    skipped=("Beta: it has ended.",),
)


def test_a_question_that_cannot_be_answered_promises_nothing() -> None:
    ended = replace(QUESTION, problem="The run has ended: failed.")

    assert ended.honest == replace(ended, what_will_happen=(), not_undone=())
    assert QUESTION.honest == QUESTION
