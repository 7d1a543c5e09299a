"""What may be done for a tenant by where it stands. Pure."""

from operations import kinds
from operations.kinds import Purpose
from operations.statuses import TenantStatus


def deprovision_problem(tenant: TenantStatus) -> str | None:
    """Why a tenant cannot be removed; None when it can."""
    if tenant in (TenantStatus.ACTIVE, TenantStatus.FAILED):
        return None
    if tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING):
        return "The tenant is being deprovisioned already."
    return f"The tenant is {tenant}; only an active or failed one can be deprovisioned."


def cancel_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an open execution cannot be cancelled; None when it can."""
    if kinds.known().purpose(workflow_type) is not Purpose.REMOVE or tenant is None or not tenant.is_gone:
        return None
    if tenant is TenantStatus.DROPPING:
        return "It is too late to cancel: part of the tenant's data is deleted already. The run deletes the rest."
    return "It is too late to cancel: the tenant is deleted. The run ends by itself."


def retry_problem(workflow_type: str, tenant: TenantStatus | None) -> str | None:
    """Why an execution that failed cannot be tried again; None when it can."""
    if tenant is None:
        return None
    match kinds.known().purpose(workflow_type):
        case Purpose.PROVISION:
            return _leaving_problem(tenant)
        case Purpose.CLEAN:
            return cleanup_problem(tenant)
        case Purpose.WORK:
            return start_problem(tenant)
        case Purpose.REMOVE:
            if tenant is TenantStatus.DELETED:
                return "The tenant is deleted; there is nothing left to delete."
            return None if tenant.leaves else f"The tenant is {tenant} again; deprovision it once more if it has to go."


def _leaving_problem(tenant: TenantStatus) -> str | None:
    return f"The tenant is {tenant}; it is not provisioned again." if tenant.leaves else None


def start_problem(tenant: TenantStatus) -> str | None:
    """Why no work that is neither making nor removing can be begun for a tenant; None when it can."""
    return None if tenant is TenantStatus.ACTIVE else f"The tenant is {tenant}; it has to be active."


def cleanup_problem(tenant: TenantStatus) -> str | None:
    """Why what a provisioning has left is not cleaned up; None when it can be."""
    return None if tenant is TenantStatus.FAILED else f"The tenant is {tenant}; only a failed one is cleaned up."


def provision_problem(tenant: TenantStatus | None) -> str | None:
    """Why nothing begins to provision a tenant that nothing provisions; None when something can."""
    return None if tenant is TenantStatus.PROVISIONING else "The tenant is not being provisioned any more."


def adoption_problem(purpose: Purpose, tenant: TenantStatus) -> str | None:
    """Why a run that lost its row, or that somebody else started, gets none; None when it can have one."""
    match purpose:
        case Purpose.PROVISION:
            return _leaving_problem(tenant)
        case Purpose.CLEAN:
            return cleanup_problem(tenant)
        case Purpose.WORK:
            return start_problem(tenant)
        case Purpose.REMOVE:  # nobody's data goes because of a run: removing was decided here, or it is not
            if tenant in (TenantStatus.DEPROVISIONING, TenantStatus.DROPPING):
                return None
            return f"The run would remove a tenant that is {tenant}, and nobody here asked for that."
