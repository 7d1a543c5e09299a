"""The variables our processes are started with, and those a person needs to attach to them."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict

from embedded.data_directory import DataDirectory
from operations.settings import PREFIX, Settings, libpq_url

DATABASE_URL = "TENANTRY_DATABASE_URL"
TEMPORAL_ADDRESS = "TEMPORAL_ADDRESS"
#: What a command line does by its own settings; beside `up` by those of `up`.
DECIDING = (
    "TENANTRY_TASK_QUEUE",
    "TENANTRY_PROVISIONING",
    "TENANTRY_DEPROVISIONING",
    "TENANTRY_DEPROVISION_WAIT",
    "TENANTRY_RECONCILE_INTERVAL",
    "TENANTRY_RECONCILE_GRACE",
    "TENANTRY_RECONCILE_RETENTION",
)
PACKAGES = "PYTHONPATH"  #: where `pip install --target` has put packages with kinds of workflow
#: What nobody waits a minute for who is being shown something.
OF_A_DEMO = {"TENANTRY_RECONCILE_INTERVAL": "15"}
SHOWN = (
    DATABASE_URL,
    TEMPORAL_ADDRESS,
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_CONFIG_FILE",
    *DECIDING,
    "TENANTRY_SECRET_KEY",
    "TENANTRY_PUBLIC_URL",
    "TENANTRY_TEMPORAL_UI_URL",
    "TENANTRY_DATA_DIR",
    PACKAGES,
)

LIBPQ = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where everything is; `ui_url` only for a Temporal of our own."""

    database_url: str
    temporal_address: str
    ui_url: str | None
    port: int


def given(environment: Mapping[str, str], name: str) -> str | None:
    """The value of a variable; a blank one counts as unset."""
    return environment.get(name, "").strip() or None


def for_children(
    user: Mapping[str, str], home: DataDirectory, addresses: Addresses, *, is_demo: bool = False
) -> dict[str, str]:
    """The user's environment without what would lead elsewhere, and with what leads here."""
    defaults = OF_A_DEMO if is_demo else {}
    ours = {
        DATABASE_URL: addresses.database_url,
        TEMPORAL_ADDRESS: addresses.temporal_address,
        "TEMPORAL_NAMESPACE": given(user, "TEMPORAL_NAMESPACE") or "default",
        "TEMPORAL_CONFIG_FILE": str(home.empty_temporal_config()),
        **{name: given(user, name) or defaults.get(name) or _default(name) for name in DECIDING},
        "TENANTRY_SECRET_KEY": given(user, "TENANTRY_SECRET_KEY") or home.secret_key(),
        "TENANTRY_PUBLIC_URL": given(user, "TENANTRY_PUBLIC_URL") or f"http://localhost:{addresses.port}",
        "TENANTRY_PORT": str(addresses.port),
        "TENANTRY_DATA_DIR": str(home.path),
        "PYTHONUNBUFFERED": "1",
    }
    if is_demo:
        ours["TENANTRY_ENVIRONMENT"] = "DEMO"
    if ui_url := given(user, "TENANTRY_TEMPORAL_UI_URL") or addresses.ui_url:
        ours["TENANTRY_TEMPORAL_UI_URL"] = ui_url
    if packages := given(user, PACKAGES):
        ours[PACKAGES] = os.pathsep.join(map(os.path.abspath, packages.split(os.pathsep)))
    return {name: value for name, value in user.items() if not _leads_elsewhere(name, user)} | ours


def exports(environment: Mapping[str, str]) -> str:
    """Lines for a shell: our variables, and libpq's so that a bare `psql` connects."""
    shown = {name: environment[name] for name in SHOWN if name in environment}
    shown |= _libpq(environment[DATABASE_URL])
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in shown.items())


def become(exports: str) -> None:
    """Give this very process the variables of `exports`, also those that it has; profiles are not for `up`."""
    os.environ.pop("TEMPORAL_PROFILE", None)
    for line in exports.splitlines():
        _, assignment = shlex.split(line)
        name, _, value = assignment.partition("=")
        os.environ[name] = value
        if name == PACKAGES:  # Python has read it already
            sys.path += [directory for directory in value.split(os.pathsep) if directory not in sys.path]


def forget_libpq() -> None:
    """Remove PG* variables from this very process: an own database needs none, and a PGSERVICE cannot be overruled."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def _default(variable: str) -> str:
    return str(Settings.model_fields[variable.removeprefix(PREFIX).lower()].default)


def _leads_elsewhere(name: str, user: Mapping[str, str]) -> bool:
    if name.startswith("PG"):
        return given(user, DATABASE_URL) is None
    if name in ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"):
        return True
    return name.startswith("TEMPORAL_") and given(user, TEMPORAL_ADDRESS) is None


def _libpq(url: str) -> dict[str, str]:
    parts = conninfo_to_dict(libpq_url(url))  # there may be several hosts, each with its port
    return {variable: str(parts[name]) for name, variable in LIBPQ.items() if parts.get(name)}
