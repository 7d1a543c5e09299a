"""What the fence says in the log of a step that did nothing: one line, and which of two ends it will have."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from operations.contracts import RECORD_STATUS, StatusReport
from operations.database import Database
from workers.activities.sessions import Sessions
from workers.fence import FencedActivity

NOWHERE = "host=192.0.2.1"  # nothing is opened: a run that reports of itself asks no database whether it may
RUN_ID = "a-run"
RUN = replace(ActivityEnvironment.default_info(), activity_type=RECORD_STATUS, is_local=True, workflow_run_id=RUN_ID)
REPORT = StatusReport(execution_id="", status="running", run_id=RUN_ID)


class Step(ActivityInboundInterceptor):
    def __init__(self, error: ApplicationError) -> None:
        self.error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        raise self.error


@pytest.mark.parametrize(("is_final", "said"), [(False, "step waits"), (True, "step refused")])
async def test_an_expected_failure_is_one_line_that_tells_whether_the_step_comes_again(
    is_final: bool, said: str
) -> None:
    expected = ApplicationError("not now", non_retryable=is_final, category=ApplicationErrorCategory.BENIGN)

    assert await lines_of(expected) == [said]


async def test_of_what_nobody_expected_the_sdk_tells() -> None:
    assert await lines_of(ApplicationError("disk full")) == []


async def lines_of(error: ApplicationError) -> list[str]:
    database = Database.at(NOWHERE, name="test")
    fenced = FencedActivity(Step(error), Sessions(database=database, size=1, longest_wait=1), database)
    arriving = ExecuteActivityInput(fn=print, args=[REPORT], executor=None, headers={})
    environment = ActivityEnvironment()
    environment.info = RUN
    with capture_logs() as lines, pytest.raises(ApplicationError):
        await environment.run(fenced.execute_activity, arriving)
    return [line["event"] for line in lines]
