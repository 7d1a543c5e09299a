"""The provisioning as somebody in a hurry would change it: each but the first breaks the runs in flight."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from operations.contracts import TenantStep
    from operations.kinds import Subject
    from operations.tenant_kinds import PROVISIONING

NAME = PROVISIONING.temporal_name
LOAD, CREATE, MIGRATE, OWNER, SEED, ACTIVATE = PROVISIONING.planned(Subject(plan="starter"))


async def take(tenant_id: str, user_id: str | None, *steps: str) -> None:
    for step in steps:
        await workflow.execute_activity(
            step, TenantStep(tenant_id=tenant_id, user_id=user_id), start_to_close_timeout=timedelta(minutes=1)
        )


@workflow.defn(name=NAME)
class Unchanged:
    """Written another way, and the same to Temporal."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, SEED, ACTIVATE)


@workflow.defn(name=NAME)
class StepInserted:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, "welcome_owner", SEED, ACTIVATE)


@workflow.defn(name=NAME)
class StepRemoved:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, ACTIVATE)


@workflow.defn(name=NAME)
class StepsSwapped:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, SEED, OWNER, ACTIVATE)


@workflow.defn(name=NAME)
class StepRenamed:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, SEED, "switch_on_tenant")


@workflow.defn(name=NAME)
class StepAppended:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, SEED, ACTIVATE, "announce_tenant")


@workflow.defn(name=NAME)
class TimerAdded:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE, OWNER, SEED)
        await workflow.sleep(timedelta(seconds=1))
        await take(tenant_id, user_id, ACTIVATE)


BAD = (StepInserted, StepRemoved, StepsSwapped, StepRenamed, StepAppended, TimerAdded)
