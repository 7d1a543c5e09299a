"""What an end by force leaves behind: what the run has done, what exists, and what becomes of the tenant. Pure."""

from operations import kinds
from operations.deed_facts import Facts, Remains
from operations.statuses import Status, TenantStatus

FAILS = "The tenant becomes failed, unless it is active already."
STAYS = "The tenant stays as it is."


def made(facts: Facts) -> tuple[str, ...]:
    """The blast radius: what the run has done, and what there is of it."""
    said = []
    if facts.done:
        titles = ", ".join(f"“{kinds.known().step_title(name)}”" for name in facts.done)
        said.append(f"Steps done: {titles}.")
    if facts.remains is not None:
        said.append(f"The schema {facts.remains.schema_name} exists, with {contents(facts.remains)}.")
    elif facts.makes:
        said.append("The tenant has no schema.")
    return tuple(said)


def left_behind(facts: Facts) -> str:
    """What becomes of the tenant of an open run that is ended by force."""
    if not facts.removes:
        return FAILS if facts.makes else STAYS
    if facts.tenant is TenantStatus.DROPPING:
        return "The tenant stays half deleted, which nobody can take back; Retry deletes the rest."
    if facts.tenant is TenantStatus.DELETED:
        return "The tenant is deleted already and stays so."
    if facts.status is Status.PENDING:
        return "The tenant gets its former status back, unless the run starts first; then it stays deprovisioning."
    return "The tenant stays deprovisioning, with all its data; Retry goes on with it, and deletes it when it is due."


def contents(remains: Remains) -> str:
    """Within a sentence."""
    tables = "1 table" if remains.tables == 1 else f"{remains.tables:,} tables"
    if remains.rows == 0:  # or PostgreSQL has not counted yet
        return tables
    records = "1 record" if remains.rows == 1 else f"{remains.rows:,} records"
    return f"{tables} and about {records}"
