"""What Tenantry reads of this package: declarations, and no code that runs anywhere but in a worker."""

from operations import tenant_kinds
from operations.kinds import Kind, Purpose, Step

RESERVE_SUBDOMAIN = Step(name="acme_reserve_subdomain", title="Reserve subdomain")
POINT_SUBDOMAIN = Step(name="acme_point_subdomain", title="Point subdomain")
RELEASE_SUBDOMAIN = Step(name="acme_release_subdomain", title="Release subdomain", undoes=True)
STORE_BACKUP = Step(name="acme_store_backup", title="Store backup")
CHECK_BACKUP = Step(name="acme_check_backup", title="Check backup")

PROVISIONING = Kind(
    stored_name="acme_provisioning",
    temporal_name="AcmeProvisioningWorkflow",
    title="Acme provisioning",
    verb="acmeprovision",
    purpose=Purpose.PROVISION,
    workflow="acme_provisioning.workflows:AcmeProvisioningWorkflow",
    activities=("acme_provisioning.activities:SubdomainActivities",),
    steps=(
        tenant_kinds.LOAD_TENANT,
        RESERVE_SUBDOMAIN,
        tenant_kinds.CREATE_SCHEMA,
        tenant_kinds.MIGRATE_SCHEMA,
        tenant_kinds.ADD_OWNER,
        tenant_kinds.SEED_DEFAULTS,
        POINT_SUBDOMAIN,
        tenant_kinds.ACTIVATE_TENANT,
        tenant_kinds.DROP_SCHEMA,
        RELEASE_SUBDOMAIN,
    ),
    completion="Completed; the tenant is active under its subdomain.",
)
BACKUP = Kind(
    stored_name="tenant_backup",
    temporal_name="TenantBackupWorkflow",
    title="Backup",
    verb="backup",
    purpose=Purpose.WORK,
    lane="backup",
    workflow="acme_provisioning.workflows:TenantBackupWorkflow",
    activities=("acme_provisioning.activities:BackupActivities",),
    steps=(STORE_BACKUP, CHECK_BACKUP),
    completion="Completed; the backup is stored and was read back.",
)
