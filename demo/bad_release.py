"""The provisioning as somebody wrote it who tried it with one tenant: it fails before its first step."""

from collections.abc import Mapping

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from operations import contracts
    from operations.tenant_kinds import PROVISIONING

REGIONS: Mapping[str, str] = {}  #: by tenant; whoever deployed this has forgotten to fill it


@workflow.defn(name=PROVISIONING.temporal_name)
class TenantProvisioningWorkflow:
    """Asks for nothing, so that whatever it has taken up goes on where it was once it is gone."""

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> None:
        del user_id
        if tenant_id not in REGIONS:
            raise LookupError(f"No region is known for the tenant {tenant_id}.")

    @workflow.signal(name=contracts.DECIDED)
    def decided(self) -> None:
        """Never read."""
