"""The plugin that makes a worker track every workflow it runs."""

from temporalio.plugin import SimplePlugin

from operations.database import Database
from workers.tracking.record_status import StatusActivities
from workers.tracking.recorder import Recorder
from workers.tracking.runs import RunTracking
from workers.tracking.steps import StepTracking


def tracking(database: Database, build: str | None = None) -> SimplePlugin:
    """Give it to a worker: workflows that carry `OperationUUID` are tracked from then on, under its build."""
    recorder = Recorder.at(database.dsn, build)
    return SimplePlugin(
        "tenantry.tracking",
        interceptors=[RunTracking(), StepTracking(recorder=recorder)],
        activities=[StatusActivities(database=database, recorder=recorder).record_status],
        run_context=recorder.running,
    )
