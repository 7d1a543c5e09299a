"""The plugin that makes a worker track every workflow it runs."""

from temporalio.plugin import SimplePlugin

from operations.database import Database
from workers.activities.executions import ExecutionActivities
from workers.interceptors.recorder import Recorder
from workers.interceptors.runs import RunTracking
from workers.interceptors.steps import StepTracking


def tracking(database: Database) -> SimplePlugin:
    """Give it to a worker: workflows that carry `OperationUUID` are tracked from then on."""
    recorder = Recorder(dsn=database.dsn)
    return SimplePlugin(
        "tenantry.tracking",
        interceptors=[RunTracking(), StepTracking(recorder=recorder)],
        activities=[ExecutionActivities(database=database).record_status],
        run_context=recorder.running,
    )
