"""What the page of an execution makes of what is known."""

from dataclasses import replace

from console.pages import execution
from operations.contracts import REQUEST_APPROVAL, SETTLE_APPROVAL
from operations.queries.execution_views import ApprovalRequestView, ExecutionDetail
from operations.statuses import Cause
from tests.unit.console.pages.test_words import NOW, RUNNING, SOON, detail


def asked(*, is_open: bool) -> ExecutionDetail:
    run = replace(RUNNING, current_step=REQUEST_APPROVAL, cause=Cause.AWAITING_APPROVAL if is_open else None)
    request = ApprovalRequestView(requested_at=NOW, expires_at=SOON, is_open=is_open)
    return replace(detail(run), approval_request=request, planned=(SETTLE_APPROVAL, "create_schema"))


def test_the_wait_for_a_decision_is_what_runs_now() -> None:
    wait, schema = execution._steps(asked(is_open=True))

    assert (wait.name, wait.status, wait.started, wait.ended) == ("Wait for decision", "waiting", NOW, None)
    assert (schema.status, schema.started) == ("pending", None)


def test_a_decision_that_was_made_is_not_waited_for() -> None:
    wait, _ = execution._steps(asked(is_open=False))

    assert (wait.status, wait.started) == ("pending", None)
