"""Provisions a customer: approval where the plan asks for one, schema, migrations, owner, defaults, activation."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError

from workers.workflows.approval import Approval
from workers.workflows.steps import run_step

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.contracts import ProvisioningResult, TenantStep
    from operations.statuses import Plan
    from operations.tenant_kinds import PROVISIONING, PROVISIONING_V2

#: To make a schema takes a moment, and everything else waits for it: what stands in the way is soon tried again.
PATIENCE_FOR_SCHEMA = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=10)
)


@workflow.defn(name=PROVISIONING.temporal_name)
class TenantProvisioningWorkflow:
    """One attempt to provision one tenant."""

    def __init__(self) -> None:
        self._approval = Approval()

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        # Asked before anything else: a run that began on the first version stays on it, wherever it waits.
        is_second_version = workflow.patched(PROVISIONING_V2)
        step = TenantStep(tenant_id=tenant_id, user_id=user_id)
        patches = (PROVISIONING_V2,) if is_second_version else None
        first = TenantStep(tenant_id=tenant_id, user_id=user_id, patches=patches)
        plan = await run_step(contracts.LOAD_TENANT, first, str)
        if plan == Plan.ENTERPRISE:
            await self._approval.wait(tenant_id)
        try:
            await (_build_schema(step) if is_second_version else _build_schema_first_version(step))
            return await _furnish(step)
        except (FailureError, asyncio.CancelledError):
            await _undo(step)
            raise

    @workflow.signal(name=contracts.DECIDED)
    def decided(self) -> None:
        """Look at the decision in the database now."""
        self._approval.look()


async def _build_schema(step: TenantStep) -> None:
    await run_step(contracts.CREATE_SCHEMA, step, str, patience=PATIENCE_FOR_SCHEMA)
    await run_step(contracts.MIGRATE_SCHEMA, step, str)
    await run_step(contracts.VERIFY_SCHEMA, step, str)


async def _build_schema_first_version(step: TenantStep) -> None:
    await run_step(contracts.CREATE_SCHEMA, step, str)
    await run_step(contracts.MIGRATE_SCHEMA, step, str)


async def _furnish(step: TenantStep) -> ProvisioningResult:
    await run_step(contracts.ADD_OWNER, step, bool)
    await run_step(contracts.SEED_DEFAULTS, step, int)
    return await run_step(contracts.ACTIVATE_TENANT, step, ProvisioningResult, despite_cancel=True)


async def _undo(step: TenantStep) -> None:
    """Take back what was built: all of it lies in the schema. What went wrong before stays the error of the run."""
    try:
        await run_step(contracts.DROP_SCHEMA, step, bool, despite_cancel=True)
    except FailureError as error:
        workflow.logger.warning("the schema was not dropped: %s", error)
