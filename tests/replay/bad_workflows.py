"""The provisioning as somebody in a hurry would change it: all but the first two break runs in flight."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from operations.contracts import TenantStep
    from operations.kinds import Subject
    from operations.tenant_kinds import PROVISIONING, PROVISIONING_V2

NAME = PROVISIONING.temporal_name
FIRST = LOAD, CREATE, MIGRATE, OWNER, SEED, ACTIVATE = PROVISIONING.planned(
    Subject(plan="starter", patches=frozenset())
)
SECOND = PROVISIONING.planned(Subject(plan="starter"))


async def take(tenant_id: str, user_id: str | None, *steps: str) -> None:
    step = TenantStep(tenant_id=tenant_id, user_id=user_id)
    for name in steps:
        is_told = name == LOAD and "verify_schema" in steps
        await ask(name, replace(step, patches=(PROVISIONING_V2,)) if is_told else step)


async def ask(name: str, step: TenantStep) -> None:
    await workflow.execute_activity(name, step, start_to_close_timeout=timedelta(minutes=1))


@workflow.defn(name=NAME)
class Unchanged:
    """The first version written another way, and the same to Temporal."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, *FIRST)


@workflow.defn(name=NAME)
class Patched:
    """Both versions written another way."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, *(SECOND if workflow.patched(PROVISIONING_V2) else FIRST))


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


@workflow.defn(name=NAME)
class PatchForgotten:
    """The second version for everybody."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, *SECOND)


@workflow.defn(name=NAME)
class PatchDeprecated:
    """While runs of the first version are in flight."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        workflow.deprecate_patch(PROVISIONING_V2)
        await take(tenant_id, user_id, *SECOND)


@workflow.defn(name=NAME)
class PatchRenamed:
    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, *(SECOND if workflow.patched("tenant-provisioning-v3") else FIRST))


@workflow.defn(name=NAME)
class ArgumentChanged:
    """Temporal's replay compares no arguments."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE)
        await ask(OWNER, TenantStep(tenant_id=tenant_id))


@workflow.defn(name=NAME)
class SameNameInserted:
    """Another owner is asked for before the one of old, whose answer in the history is taken for his."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        await take(tenant_id, user_id, LOAD, CREATE, MIGRATE)
        await ask(OWNER, TenantStep(tenant_id=tenant_id, user_id="another"))
        await take(tenant_id, user_id, OWNER, SEED, ACTIVATE)


#: What breaks runs of the first version, of the second, and what Temporal's own replay does not see.
BAD_FOR_FIRST = (
    StepInserted,
    StepRemoved,
    StepsSwapped,
    StepRenamed,
    StepAppended,
    TimerAdded,
    PatchForgotten,
    PatchDeprecated,
)
BAD_FOR_SECOND = (Unchanged, StepInserted, StepRemoved, TimerAdded, PatchForgotten, PatchRenamed)
UNSEEN = (ArgumentChanged, SameNameInserted)
