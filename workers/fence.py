"""Stands before every activity of the worker, whoever's it is: asks the fence, and logs what may not act or waits."""

from prometheus_client import Counter
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from operations import contracts
from operations.contracts import StatusReport
from operations.database import Database
from operations.errors import DatabaseUnavailable
from operations.logs import logger
from operations.reconciliation import intruders
from operations.reconciliation.intruders import Intrusion
from workers.activities.admission import CurrentStep, Refused, Why, admit, current_step
from workers.activities.sessions import Sessions
from workers.tracking.headers import StepMark

log = logger(__name__)

refused_steps = Counter(
    "tenantry_refused_steps_total", "Activities that were asked for and not allowed to act", ["why"]
)


class Fence(Interceptor):
    """Give it to a worker before anything else: what it refuses, no other interceptor sees."""

    def __init__(self, sessions: Sessions, database: Database) -> None:
        self._sessions = sessions
        self._database = database

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return FencedActivity(next, self._sessions, self._database)


class FencedActivity(ActivityInboundInterceptor):
    """Lets an activity act for a tracked, open row that matches its run, and for nothing else."""

    def __init__(self, next_interceptor: ActivityInboundInterceptor, sessions: Sessions, database: Database) -> None:
        super().__init__(next_interceptor)
        self._sessions = sessions
        self._database = database

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        info = activity.info()
        try:
            match info.activity_type:
                case contracts.RECONCILE:
                    _admit_pass(info)
                case contracts.RECORD_STATUS:
                    _admit_report(info, input.args)
                case _:
                    await self._admit_step(info, input)
            return await super().execute_activity(input)
        except Refused as refusal:
            await self._note(info, refusal)
            raise
        except ApplicationError as error:
            if error.category is ApplicationErrorCategory.BENIGN:  # the SDK says nothing of what is expected
                what = "step refused" if error.non_retryable else "step waits"
                log.info(what, step=info.activity_type, workflow_id=info.workflow_id, why=error.message)
            raise

    async def _admit_step(self, info: activity.Info, input: ExecuteActivityInput) -> None:  # noqa: A002
        mark = StepMark.from_headers(input.headers)
        execution_id, ordinal = (None, 0) if mark is None else (mark.execution_id, mark.ordinal)
        step = CurrentStep.of(info, execution_id, ordinal)
        async with self._sessions.connection() as connection:
            await admit(connection, step)
        current_step.set(step)

    async def _note(self, info: activity.Info, refusal: Refused) -> None:
        """A stranger is a finding; that it cannot be written does not let it in."""
        refused_steps.labels(refusal.why.value).inc()
        log.warning("step refused", step=info.activity_type, workflow_id=info.workflow_id, why=refusal.message)
        if refusal.why is not Why.INTRUDER:
            return
        intrusion = Intrusion(
            activity=info.activity_type,
            activity_id=info.activity_id,
            workflow_id=info.workflow_id,
            workflow_type=info.workflow_type,
            run_id=info.workflow_run_id,
            why=refusal.message,
        )
        try:
            async with self._database.transaction() as connection:
                await intruders.report(connection, intrusion)
        except DatabaseUnavailable as error:
            log.warning("a stranger was refused, and no finding written", why=error.message)


def _admit_pass(info: activity.Info) -> None:
    """A pass is harmless and idempotent, and begins by the schedule or by the console."""
    is_scheduled = (info.workflow_id or "").startswith(contracts.SCHEDULE_ID)
    if info.workflow_type != contracts.RECONCILIATION or not is_scheduled:
        raise Refused(f"A pass is run by the schedule {contracts.SCHEDULE_ID} only.")


def _admit_report(info: activity.Info, arguments: object) -> None:
    """A run reports of itself, from within the worker that executes it. Whose run it is, the writing looks at."""
    match arguments:
        case [StatusReport(run_id=run_id)] if info.is_local and run_id == info.workflow_run_id:
            return
    raise Refused("A run's status is reported by the run itself, inside its worker.")
