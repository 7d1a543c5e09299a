"""Tenantry's own kinds: to make, clean up and remove a tenant, and the plan of steps of each. Pure, for workflows."""

from operations import contracts
from operations.kinds import Kind, Purpose, Step, Subject
from operations.statuses import Plan

LOAD_TENANT = Step(name=contracts.LOAD_TENANT, title="Load tenant")
REQUEST_APPROVAL = Step(name=contracts.REQUEST_APPROVAL, title="Ask for approval")
SETTLE_APPROVAL = Step(name=contracts.SETTLE_APPROVAL, title="Wait for decision")
CREATE_SCHEMA = Step(name=contracts.CREATE_SCHEMA, title="Create schema")
MIGRATE_SCHEMA = Step(name=contracts.MIGRATE_SCHEMA, title="Migrate schema")
VERIFY_SCHEMA = Step(name=contracts.VERIFY_SCHEMA, title="Verify schema")
ADD_OWNER = Step(name=contracts.ADD_OWNER, title="Add owner")
SEED_DEFAULTS = Step(name=contracts.SEED_DEFAULTS, title="Seed defaults")
ACTIVATE_TENANT = Step(name=contracts.ACTIVATE_TENANT, title="Activate tenant")
DROP_SCHEMA = Step(name=contracts.DROP_SCHEMA, title="Drop schema", undoes=True)
ANNOUNCE_DEPROVISIONING = Step(name=contracts.ANNOUNCE_DEPROVISIONING, title="Announce deprovisioning")
ANNOUNCE_DEPARTURE = Step(name=contracts.ANNOUNCE_DEPARTURE, title="Announce departure")
DELETE_TENANT = Step(name=contracts.DELETE_TENANT, title="Delete tenant")
CLEAN_UP_SCHEMA = Step(name=contracts.CLEAN_UP_SCHEMA, title="Clean up schema")
RESTORE_TENANT = Step(name=contracts.RESTORE_TENANT, title="Restore tenant", undoes=True)

APPROVAL = (REQUEST_APPROVAL, SETTLE_APPROVAL)
BUILDING = (CREATE_SCHEMA, MIGRATE_SCHEMA, ADD_OWNER, SEED_DEFAULTS, ACTIVATE_TENANT)  #: what every version takes
VERIFIED_BUILDING = (CREATE_SCHEMA, MIGRATE_SCHEMA, VERIFY_SCHEMA, *BUILDING[2:])

PROVISIONING_V2 = "tenant-provisioning-v2"  #: patch: the schema is verified, and made with more patience


def _provisioning_plan(subject: Subject) -> tuple[str, ...]:
    """A person is asked before anything is created for an enterprise."""
    approval = APPROVAL if subject.plan == Plan.ENTERPRISE else ()
    building = VERIFIED_BUILDING if subject.takes(PROVISIONING_V2) else BUILDING
    return tuple(step.name for step in (LOAD_TENANT, *approval, *building))


def _deprovisioning_plan(_: Subject) -> tuple[str, ...]:
    return ANNOUNCE_DEPARTURE.name, DELETE_TENANT.name


PROVISIONING = Kind(
    stored_name="tenant_provisioning",
    temporal_name="TenantProvisioningWorkflow",
    title="Provisioning",
    verb="provision",
    purpose=Purpose.PROVISION,
    workflow="workers.workflows.provision_tenant:TenantProvisioningWorkflow",
    activities=("workers.activities.tenants:TenantActivities", "workers.activities.approvals:ApprovalActivities"),
    steps=(LOAD_TENANT, *APPROVAL, *VERIFIED_BUILDING, DROP_SCHEMA),
    plan=_provisioning_plan,
    patches=(PROVISIONING_V2,),
    completion="Completed; the tenant is active.",
)
DEPROVISIONING = Kind(
    stored_name="tenant_deprovisioning",
    temporal_name="TenantDeprovisioningWorkflow",
    title="Deprovisioning",
    verb="deprovision",
    purpose=Purpose.REMOVE,
    workflow="workers.workflows.deprovision_tenant:TenantDeprovisioningWorkflow",
    activities=("workers.activities.departures:DepartureActivities",),
    steps=(ANNOUNCE_DEPARTURE, ANNOUNCE_DEPROVISIONING, DELETE_TENANT, RESTORE_TENANT),
    plan=_deprovisioning_plan,
    patches=("wait-until-due", "cancel-reaches-last-step"),
    established=("wait-until-due", "cancel-reaches-last-step"),  # asked late in a run, when a cancel depends on it
    completion="Completed; the tenant's schema is gone.",
)
CLEANUP = Kind(
    stored_name="tenant_cleanup",
    temporal_name="TenantCleanupWorkflow",
    title="Clean-up",
    verb="cleanup",
    purpose=Purpose.CLEAN,
    workflow="workers.workflows.clean_up_tenant:TenantCleanupWorkflow",
    activities=("workers.activities.cleanups:CleanupActivities",),
    steps=(CLEAN_UP_SCHEMA,),
    completion="Completed; nothing of the failed provisioning is left.",
)
