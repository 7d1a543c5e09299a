"""What can be done to an execution, as far as its tenant has a say. Pure: pages ask, and actions under their locks."""

from operations import contracts
from operations.statuses import TenantStatus


def cancel_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an open execution cannot be cancelled; None when it can."""
    if workflow_type != contracts.DEPROVISIONING.stored_name or tenant is None or not tenant.is_gone:
        return None
    if tenant is TenantStatus.DROPPING:
        return "It is too late to cancel: part of the tenant's schema is dropped already. The run drops the rest."
    return "It is too late to cancel: the tenant is deleted. The run ends by itself."


def retry_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an execution that failed cannot be tried again; None when it can."""
    if tenant is None:
        return None
    if workflow_type == contracts.PROVISIONING.stored_name:
        return f"The tenant is {tenant}; it is not provisioned again." if tenant.leaves else None
    if workflow_type != contracts.DEPROVISIONING.stored_name:
        return None
    if tenant is TenantStatus.DELETED:
        return "The tenant is deleted; there is nothing left to remove."
    if not tenant.leaves:
        return f"The tenant is {tenant} again; deprovision it anew if it has to go."
    return None
