"""What is odd about a start and stops nothing: told once, in sentences for whoever started it."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from embedded.environment import DATABASE_URL, TEMPORAL_ADDRESS, given
from operations.settings import PREFIX, Settings

CLOCKS_APART = 2.0  #: seconds beyond which times of the two do not fit together
LITTLE_ROOM = 1 << 30  #: bytes, below which a database that grows may soon stand still
LOOPBACKS = ("localhost", "::1", "")
# Kubernetes puts these beside every container when a Service is named `tenantry`.
OF_KUBERNETES = re.compile(r"TENANTRY_(SERVICE|PORT)_")
#: What leads to a server, of those variables that an own server takes no notice of.
LEADS_TO_POSTGRES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
NEVER_READ = ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
TAKEN_ALWAYS = ("TEMPORAL_NAMESPACE",)


@dataclass(frozen=True, kw_only=True, slots=True)
class External:
    """A PostgreSQL that was there before; `clock_ahead` is by how many seconds this machine's is ahead of its own."""

    host: str
    is_encrypted: bool
    clock_ahead: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a start finds before it starts anything; `left_by` is an `up` that did not end in order."""

    variables: Mapping[str, str] = field(repr=False)
    host: str
    directory: str
    free: int  #: bytes where the data directory is
    left_by: int | None = None
    database: External | None = None


def told(facts: Facts) -> list[str]:
    """One sentence each; nothing about a healthy start."""
    return [*_misspelt(facts.variables), *_ignored(facts.variables), *_of_this_machine(facts), *_of_the_way(facts)]


def _misspelt(variables: Mapping[str, str]) -> Iterator[str]:
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in sorted(name for name in variables if given(variables, name)):
        if name.startswith(PREFIX) and name not in known and not OF_KUBERNETES.match(name):
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            advice = f"did you mean {close[0]}?" if close else "the README lists those that there are."
            yield f"{name} is no variable of Tenantry and changes nothing; {advice}"


def _ignored(variables: Mapping[str, str]) -> Iterator[str]:
    if names := [name for name in NEVER_READ if given(variables, name)]:
        yield f"{_listed(names)} ignored: `up` reads no profile of Temporal, only its variables."
    own = [name for name in sorted(variables) if name.startswith("TEMPORAL_") and given(variables, name)]
    own = [name for name in own if name not in (*NEVER_READ, *TAKEN_ALWAYS)]
    if own and given(variables, TEMPORAL_ADDRESS) is None:
        yield f"{_listed(own)} ignored: without {TEMPORAL_ADDRESS} an own Temporal is started."
    libpq = [name for name in LEADS_TO_POSTGRES if given(variables, name)]
    if libpq and given(variables, DATABASE_URL) is None:
        yield f"{_listed(libpq)} ignored: without {DATABASE_URL} an own PostgreSQL is started."


def _of_this_machine(facts: Facts) -> Iterator[str]:
    if facts.left_by is not None:
        yield (
            f"The last `up` on {facts.directory}, process {facts.left_by}, did not end in order;"
            " what it left is cleaned up, and PostgreSQL recovers by itself."
        )
    if facts.free < LITTLE_ROOM:
        yield (
            f"Only {facts.free / 1e6:,.0f} MB are free where {facts.directory} is kept;"
            " without room PostgreSQL takes no changes."
        )
    if not _is_loopback(facts.host) and given(facts.variables, "TENANTRY_PUBLIC_URL") is None:
        yield (
            f"TENANTRY_HOST {facts.host} lets other machines in, but only pages at http://localhost can act;"
            " set TENANTRY_PUBLIC_URL to the address that staff type."
        )


def _of_the_way(facts: Facts) -> Iterator[str]:
    address = given(facts.variables, TEMPORAL_ADDRESS)
    encrypts = [name for name in facts.variables if name.startswith(("TEMPORAL_TLS", "TEMPORAL_API_KEY"))]
    if address and not any(given(facts.variables, name) for name in encrypts):
        host = address.rpartition(":")[0].strip("[]") or address
        if not _is_loopback(host):
            yield f"What is told to Temporal at {host} travels unencrypted; TEMPORAL_TLS=true changes that."
    if facts.database is None:
        return
    if not facts.database.is_encrypted and not _is_loopback(facts.database.host):
        yield (
            f"What is told to PostgreSQL at {facts.database.host} travels unencrypted;"
            f" ?sslmode=verify-full in {DATABASE_URL} changes that."
        )
    if abs(facts.database.clock_ahead) > CLOCKS_APART:
        ahead = "ahead of" if facts.database.clock_ahead > 0 else "behind"
        yield (
            f"The clock of this machine is {abs(facts.database.clock_ahead):,.0f} s {ahead} PostgreSQL's;"
            " times of the two will not fit together until one is set right."
        )


def _is_loopback(host: str) -> bool:
    """Also a socket's directory, which is on this machine as well."""
    return host in LOOPBACKS or host.startswith(("127.", "/"))


def _listed(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
