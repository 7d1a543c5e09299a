"""Follows the dotted paths of the kinds to their code; only here does Tenantry import what others wrote to be run."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from operations.errors import ConfigurationError
from operations.kinds import Kind, Kinds
from workers.activities.sessions import Sessions
from workers.workflows.reconcile import ReconciliationWorkflow

Activity = Callable[..., object]


def check(kinds: Kinds, sessions: Sessions) -> None:
    """Whether a worker can run them all, before it asks for work. Raises `ConfigurationError`, which names the kind."""
    workflows(kinds)
    activities(kinds, sessions)


def workflows(kinds: Kinds) -> tuple[type, ...]:
    """All workflow classes, for a worker or a replayer. Raises `ConfigurationError`, which names the kind."""
    return (*(_workflow(kind) for kind in kinds), ReconciliationWorkflow)


def activities(kinds: Kinds, sessions: Sessions) -> list[Activity]:
    """All steps; a class is made once, with `sessions=` where it takes that. Raises `ConfigurationError`."""
    origins: dict[str, str] = {}
    found: dict[str, Activity] = {}
    for kind in kinds:
        for path in kind.activities:
            for step in _steps(kind, path, sessions):
                name = _defined_name(step, "activity") or ""
                if origins.setdefault(name, path) != path:
                    raise _unusable(kind, f"the step {name!r} of {path} is brought by {origins[name]} already.")
                found[name] = step
    for kind in kinds:
        missing = next((step.name for step in kind.steps if step.name not in found), None)
        if missing is not None:
            raise _unusable(kind, f"no activity is named {missing!r}, which is one of its steps.")
    return list(found.values())


def _workflow(kind: Kind) -> type:
    loaded = _load(kind, kind.workflow)
    name = _defined_name(loaded, "workflow")
    if name is None or not isinstance(loaded, type):
        raise _unusable(kind, f"{kind.workflow} is no class that is decorated as a workflow.")
    if name != kind.temporal_name:
        raise _unusable(kind, f"{kind.workflow} calls itself {name!r}, and the kind {kind.temporal_name!r}.")
    return loaded


def _steps(kind: Kind, path: str, sessions: Sessions) -> Sequence[Activity]:
    loaded = _load(kind, path)
    if isinstance(loaded, type):
        steps = list(_methods(_made(kind, path, loaded, sessions)))
    else:
        steps = [loaded] if callable(loaded) and _defined_name(loaded, "activity") else []
    if not steps:
        raise _unusable(kind, f"{path} is neither an activity nor a class with activities.")
    return steps


def _made(kind: Kind, path: str, class_: type, sessions: Sessions) -> object:
    try:
        takes_sessions = "sessions" in inspect.signature(class_).parameters
        return class_(sessions=sessions) if takes_sessions else class_()
    except Exception as error:
        raise _unusable(kind, f"{path} cannot be made: {_said(error)}.") from error


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _methods(made: object) -> Iterator[Activity]:
    for name, _ in inspect.getmembers(type(made), callable):
        method = getattr(made, name)
        if _defined_name(method, "activity"):
            yield method


def _defined_name(decorated: object, what: str) -> str | None:
    """The name that the SDK's decorator gave, which it keeps beside the function or class."""
    definition = getattr(decorated, f"__temporal_{what}_definition", None)
    name = getattr(definition, "name", None)
    return name if isinstance(name, str) else None


def _load(kind: Kind, path: str) -> object:
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except Exception as error:
        raise _unusable(kind, f"{path} cannot be imported: {_said(error)}.") from error


def _unusable(kind: Kind, why: str) -> ConfigurationError:
    return ConfigurationError(f"The workflow kind {kind.stored_name!r} cannot be run: {why} No work was taken.")
