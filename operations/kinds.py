"""What kinds of workflow there are: each a pure declaration in one place, found by entry points of installed packages.

Tenantry's own (`operations.tenant_kinds`) are registered in the same way as those of others (docs/extending.md).
Code is named by dotted paths, which only the worker and the replayer follow: a console never loads it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from operations.contracts import CLEANING_STEPS, MAKING_STEPS, REMOVING_STEPS, plain_title
from operations.errors import ConfigurationError
from operations.statuses import Plan

GROUP = "tenantry.workflows"  #: of the entry points
LIFECYCLE = "lifecycle"  #: lane of whatever makes or removes a tenant
VERB = re.compile(r"[a-z]{2,40}")  # no hyphen: workflow ids are told apart by their verbs
NAME = re.compile(r"[a-z][a-z0-9_]{1,99}")
DOTTED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)


class Purpose(StrEnum):
    """What a run is for; it decides what its end means for the tenant."""

    PROVISION = "provision"  #: a failed one makes a tenant failed that was being provisioned
    REMOVE = "remove"  #: a failed one leaves the tenant deprovisioning; one that never ran is taken back
    CLEAN = "clean"  #: takes away what is left of a failed provisioning; its end changes nothing about the tenant
    WORK = "work"  #: anything else that is done for an active tenant; its end changes nothing about it


#: Steps that a kind of this purpose must not have.
FOREIGN_STEPS = {
    Purpose.PROVISION: REMOVING_STEPS | CLEANING_STEPS,
    Purpose.REMOVE: MAKING_STEPS | CLEANING_STEPS,
    Purpose.CLEAN: MAKING_STEPS | REMOVING_STEPS,
    Purpose.WORK: MAKING_STEPS | REMOVING_STEPS | CLEANING_STEPS,
}


class Deed(StrEnum):
    """What people do to executions."""

    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    PAUSE_STEP = "pause_step"
    RESUME_STEP = "resume_step"
    CLEAN_UP = "clean_up"  #: after a provisioning that failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An activity, as people read it."""

    name: str
    title: str
    undoes: bool = False  #: it takes back what earlier steps did: once it has begun, those of its run may not act


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is known of a tenant and of the run for it when that is planned."""

    plan: str
    patches: frozenset[str] | None = None  #: those that the run takes, by `workflow.patched`; None: all, as a new run

    def takes(self, patch: str) -> bool:
        return self.patches is None or patch in self.patches


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A workflow as Temporal, the database and people call it, and where its code is."""

    stored_name: str  #: in `workflow_executions.workflow_type`
    temporal_name: str
    title: str
    verb: str  #: in workflow ids: tenant-VERB-SLUG
    purpose: Purpose
    workflow: str  #: `package.module:Class`
    activities: tuple[str, ...]  #: `package.module:name` of activities, or of classes whose methods are activities
    steps: tuple[Step, ...]  #: all that a run can take, in the order of one without trouble
    completion: str  #: what it means that a run ended well, in a sentence
    plan: Callable[[Subject], tuple[str, ...]] | None = None  #: names of the steps of a run without trouble; else all
    lane: str = LIFECYCLE  #: kinds of one lane exclude each other: one open run per tenant and lane
    deeds: frozenset[Deed] = frozenset(Deed)
    patches: tuple[
        str, ...
    ] = ()  #: ids that its code gives to `workflow.patched`; new runs take none that a worker lacks
    established: tuple[str, ...] = ()  #: of `patches`, what every worker in use has: taken whoever else asks for work
    entity_type: str = "tenant"

    def planned(self, subject: Subject) -> tuple[str, ...]:
        """The steps of a run without trouble."""
        if self.plan is not None:
            return self.plan(subject)
        return tuple(step.name for step in self.steps if not step.undoes)

    def attempt_id(self, slug: str, attempt: int) -> str:
        """Workflow id of an attempt. A slug never contains `--`, and a verb no hyphen, so ids cannot collide."""
        base = f"tenant-{self.verb}-{slug}"
        return base if attempt == 1 else f"{base}--{attempt}"


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """All kinds of this installation."""

    by_stored_name: Mapping[str, Kind]
    _titles: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, kinds: Iterable[Kind]) -> "Kinds":
        """Raises `ConfigurationError` for a kind that contradicts itself or another one."""
        known: dict[str, Kind] = {}
        titles: dict[str, str] = {}
        for kind in kinds:
            called = f"The workflow kind {kind.stored_name!r} ({kind.workflow})"
            if problem := _problem(kind) or _conflict(kind, known.values()):
                raise ConfigurationError(f"{called} cannot be used: {problem}")
            for step in kind.steps:
                if titles.setdefault(step.name, step.title) != step.title:
                    raise ConfigurationError(
                        f"{called} cannot be used: another kind calls the step {step.name!r} {titles[step.name]!r}."
                    )
            known[kind.stored_name] = kind
        return cls(by_stored_name=known, _titles=titles)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.by_stored_name.values())

    def get(self, stored_name: str) -> Kind | None:
        """None for a kind that this installation does not know: its package is gone, or of another version."""
        return self.by_stored_name.get(stored_name)

    def named_in_temporal(self, workflow_type: str) -> Kind | None:
        return next((kind for kind in self if kind.temporal_name == workflow_type), None)

    def purpose(self, stored_name: str) -> Purpose:
        """Of an unknown kind, that its end changes nothing."""
        kind = self.get(stored_name)
        return Purpose.WORK if kind is None else kind.purpose

    def stored_names(self, purpose: Purpose) -> list[str]:
        return [kind.stored_name for kind in self if kind.purpose is purpose]

    def chosen(self, variable: str, stored_name: str, purpose: Purpose) -> Kind:
        """The kind that a setting names. Raises `ConfigurationError`."""
        kind = self.get(stored_name)
        if kind is None or kind.purpose is not purpose:
            choices = ", ".join(self.stored_names(purpose))
            if not choices:  # ours are entry points, too
                raise ConfigurationError(
                    "Tenantry's own kinds of workflow are not registered. Install it again: make setup."
                )
            raise ConfigurationError(f"{variable} must be one of: {choices}; it is {stored_name!r}.")
        return kind

    def have_step(self, name: str) -> list[Kind]:
        """The kinds whose runs take this step."""
        return [kind for kind in self if any(step.name == name for step in kind.steps)]

    def undoing_steps(self) -> list[str]:
        return sorted({step.name for kind in self for step in kind.steps if step.undoes})

    def step_title(self, name: str) -> str:
        """An activity's name as people read it."""
        return self._titles.get(name) or plain_title(name)

    def slug_in(self, workflow_id: str) -> str | None:
        """Whose attempt it is by its workflow id; None for an id that no kind of ours makes."""
        base = workflow_id.partition("--")[0]
        beginnings = (f"tenant-{kind.verb}-" for kind in self)
        begins = next((each for each in beginnings if base.startswith(each)), None)
        return None if begins is None else base.removeprefix(begins)


@cache
def known() -> Kinds:
    """The kinds of the installed packages; read once, at the start. Raises `ConfigurationError` in one sentence."""
    declared = [(_declared(entry), entry) for entry in entry_points(group=GROUP)]
    return Kinds.of(kind for kind, _ in sorted(declared, key=_ours_first))


def _ours_first(declared: tuple[Kind, EntryPoint]) -> tuple[bool, int, str]:
    """So that of two that contradict each other the stranger's is named."""
    kind, entry = declared
    return not entry.value.startswith("operations."), list(Purpose).index(kind.purpose), kind.stored_name


def _declared(entry: EntryPoint) -> Kind:
    package = entry.dist.name if entry.dist is not None else entry.module
    try:
        declared = entry.load()
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ConfigurationError(
            f"The package {package} brings the workflow kind {entry.name!r} ({entry.value}), which cannot be "
            f"imported: {why}. Mend or uninstall the package."
        ) from error
    if not isinstance(declared, Kind):
        raise ConfigurationError(
            f"The package {package} names {entry.value} as the workflow kind {entry.name!r}, which is no "
            "operations.kinds.Kind. Mend or uninstall the package."
        )
    return declared


def _problem(kind: Kind) -> str | None:
    names = {step.name for step in kind.steps}
    try:
        unknown = [name for plan in Plan for name in kind.planned(Subject(plan=plan)) if name not in names]
    except Exception as error:  # noqa: BLE001 - it is other people's code
        return f"its plan cannot be made: {type(error).__name__}: {error}."
    paths = [path for path in (kind.workflow, *kind.activities) if DOTTED.fullmatch(path) is None]
    foreign = sorted(names & FOREIGN_STEPS[kind.purpose])
    checks = (
        (NAME.fullmatch(kind.stored_name) is not None, "its name must be made of a-z, 0-9 and underscores."),
        (VERB.fullmatch(kind.verb) is not None, f"the verb {kind.verb!r} must be 2 to 40 letters a-z."),
        (kind.entity_type == "tenant", "its runs must be about tenants."),
        (NAME.fullmatch(kind.lane) is not None, f"the lane {kind.lane!r} must be made of a-z, 0-9 and underscores."),
        (bool(kind.steps), "it has no steps."),
        (not unknown, f"its plan has the step {''.join(unknown[:1])!r}, which is not among its steps."),
        (not paths, f"{''.join(paths[:1])!r} must be of the form package.module:name."),
        (
            (kind.lane == LIFECYCLE) is (kind.purpose is not Purpose.WORK),
            f"the lane {LIFECYCLE!r} is for what provisions, cleans up or removes a tenant, and for nothing else.",
        ),
        (not foreign, f"the step {''.join(foreign[:1])!r} is not for kinds whose purpose is to {kind.purpose}."),
    )
    return next((sentence for is_fine, sentence in checks if not is_fine), None)


def _conflict(kind: Kind, others: Iterable[Kind]) -> str | None:
    for other in others:
        for what, mine, theirs in (
            ("name", kind.stored_name, other.stored_name),
            ("workflow type", kind.temporal_name, other.temporal_name),
            ("verb", kind.verb, other.verb),
        ):
            if mine == theirs:
                return f"its {what} {mine!r} is taken by {other.workflow}."
    return None
