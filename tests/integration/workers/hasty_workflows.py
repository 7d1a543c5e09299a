"""The provisioning as it is, with an approval that people have a second for."""

from datetime import timedelta

from temporalio import workflow

from operations.contracts import ProvisioningResult
from operations.tenant_kinds import PROVISIONING
from workers.workflows.approval import Approval
from workers.workflows.provision_tenant import TenantProvisioningWorkflow


@workflow.defn(name=PROVISIONING.temporal_name)
class Hasty(TenantProvisioningWorkflow):
    def __init__(self) -> None:
        super().__init__()
        self._approval = Approval(limit=timedelta(seconds=1))

    @workflow.run
    async def run(self, tenant_id: str, user_id: str | None = None) -> ProvisioningResult:
        return await super().run(tenant_id, user_id)
