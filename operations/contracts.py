"""What console, worker and Temporal agree on: names, inputs, results. Pure, so that workflows may import it."""

from dataclasses import dataclass
from datetime import timedelta

PACKAGE = "tenantry"  #: this distribution
OPERATION_UUID = "OperationUUID"  #: search attribute (Keyword); its value is the execution's id
SCHEMA_MARK = "tenantry:tenant:"  #: begins the COMMENT of a schema that belongs to a tenant
DEMO_MARK = "tenantry:demo"  #: the COMMENT of a database that was made for a demo; no other one is filled or maltreated


LOAD_TENANT = "load_tenant"
REQUEST_APPROVAL = "request_approval"
SETTLE_APPROVAL = "settle_approval"
CREATE_SCHEMA = "create_schema"
MIGRATE_SCHEMA = "migrate_schema"
VERIFY_SCHEMA = "verify_schema"
ADD_OWNER = "add_owner"
SEED_DEFAULTS = "seed_defaults"
ACTIVATE_TENANT = "activate_tenant"
DROP_SCHEMA = "drop_schema"
ANNOUNCE_DEPROVISIONING = "announce_deprovisioning"  #: in runs of the first version, instead of the next
ANNOUNCE_DEPARTURE = "announce_departure"
RESTORE_TENANT = "restore_tenant"
DELETE_TENANT = "delete_tenant"
CLEAN_UP_SCHEMA = "clean_up_schema"  #: of a tenant whose provisioning failed; drop_schema undoes a run's own

#: Steps that decide whether a tenant exists. They act by the word of one lane, in which one run is open at a time; a
#: kind of another purpose would take them past whoever keeps the tenant there.
MAKING_STEPS = frozenset({CREATE_SCHEMA, ACTIVATE_TENANT, DROP_SCHEMA})
CLEANING_STEPS = frozenset({CLEAN_UP_SCHEMA})
REMOVING_STEPS = frozenset({ANNOUNCE_DEPROVISIONING, ANNOUNCE_DEPARTURE, RESTORE_TENANT, DELETE_TENANT})

APPROVAL_LIMIT = timedelta(days=7)  #: after this long without a decision, the run is rejected
DECIDED = "decided"  #: signal without arguments: the decision is in the database
NEEDS_CONSENT = "NeedsConsent"  #: type of the error of a step that waits for another person's approval
REJECTED = "Rejected"  #: type of the error by which a run ends when a person said no
TRACKING_HEADER = "tenantry-tracking"  #: of a start; without it the run itself reports that it has begun
TRACKING = b"2"  #: its value: whoever starts a run and the first step's fence report it
TRACKING_2 = "tracking-2"  #: what a worker knows that understands the header
RECORD_STATUS = "record_execution_status"  #: local activity of the tracking plugin

RECONCILIATION = "ReconciliationWorkflow"  #: carries no `OperationUUID`: it has no row of its own
RECONCILE = "reconcile"  #: its one activity
SCHEDULE_ID = "tenantry-reconciliation"


def plain_title(name: str) -> str:
    """An activity's name as people read it, where the kinds cannot be asked: in workflow code."""
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantStep:
    """Input of every step that works on one tenant."""

    tenant_id: str
    user_id: str | None = None
    previous_status: str | None = None  #: in histories of the first version; nobody reads it
    patches: tuple[str, ...] | None = None  #: told to the first step, which keeps the plan: those that the run takes


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalStep:
    """Input of the steps around an approval."""

    tenant_id: str
    timed_out: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PassReport:
    """What a reconciliation pass tells Temporal about itself."""

    outcome: str
    checked: int = 0
    found: int = 0
    healed: int = 0
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """What the tracking plugin tells the database about a run."""

    execution_id: str
    status: str
    run_id: str
    close_reason: str | None = None
    error: str | None = None
    remark: str | None = None  #: for the history


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisioningResult:
    """What a provisioning run returns."""

    tenant_id: str
    schema_name: str
    schema_version: str
