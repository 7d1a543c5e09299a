"""What a presenter can do to a demo, and for how long. Pure; no other database than a marked one knows of it."""

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """Something that goes wrong on purpose, for real."""

    STOP_WORKER = "stop_worker"  #: ended, and not begun again until then
    BREAK_STEP = "break_step"  #: no schema can be made: the disk is full
    TERMINATE_RUN = "terminate_run"  #: in Temporal, where nobody tells us
    FREEZE_TEMPORAL = "freeze_temporal"  #: it takes connections and answers nothing
    STOP_POSTGRES = "stop_postgres"
    BAD_BUILD = "bad_build"  #: a worker whose workflow code fails
    RUSH = "rush"  #: many registrations at once
    RESET = "reset"  #: everything as it was at the beginning


RUSHING = 40  #: registrations

#: Seconds until each ends by itself. A rush and a termination are over at once; a reset, when it is done.
LASTS = {
    Fault.STOP_WORKER: 60,
    Fault.BREAK_STEP: 90,
    Fault.TERMINATE_RUN: 0,
    Fault.FREEZE_TEMPORAL: 30,
    Fault.STOP_POSTGRES: 10,
    Fault.BAD_BUILD: 90,
    Fault.RUSH: 0,
    Fault.RESET: 600,  #: at most
}
#: As the panel calls them.
TITLES: Mapping[Fault, str] = {
    Fault.STOP_WORKER: "Stop the worker",
    Fault.BREAK_STEP: "Fill the disk",
    Fault.TERMINATE_RUN: "Terminate a run behind our back",
    Fault.FREEZE_TEMPORAL: "Freeze Temporal",
    Fault.STOP_POSTGRES: "Stop PostgreSQL",
    Fault.BAD_BUILD: "Deploy a bad build",
    Fault.RUSH: f"{RUSHING} registrations at once",
    Fault.RESET: "Begin anew",
}
#: Those that the supervisor of `tenantry up --demo` carries out, which alone owns the processes.
OF_PROCESSES = (Fault.STOP_WORKER, Fault.FREEZE_TEMPORAL, Fault.STOP_POSTGRES, Fault.BAD_BUILD, Fault.RESET)

# Read anew before every deed, in its transaction. A database is marked when it is made, and never afterwards.
IS_MARKED = """
    SELECT shobj_description(oid, 'pg_database') IS NOT DISTINCT FROM 'tenantry:demo'
    FROM pg_database WHERE datname = current_database()
"""
