"""Which build of the code this worker is: named by whoever deploys it, else by the version and its workflows' code."""

from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from operations import contracts, deployments
from operations.kinds import Kinds
from operations.settings import Settings

#: Besides the kinds' own modules, what every run's history depends on.
SHARED = (
    "workers.workflows.steps",
    "workers.workflows.approval",
    "workers.workflows.reconcile",
    "workers.tracking.runs",
)


def build_id(settings: Settings, known: Kinds) -> str:
    return settings.build_id or f"{version(contracts.PACKAGE)}-{_fingerprint(known)}"


def deployment(settings: Settings, build: str) -> WorkerDeploymentConfig:
    """Where Worker Versioning is on, a run stays on the build on which it began.

    As the worker's default: the same as an annotation of a class would leave unversioned workers hanging.
    """
    is_versioned = settings.worker_versioning
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=deployments.name_of(settings.task_queue), build_id=build),
        use_worker_versioning=is_versioned,
        default_versioning_behavior=VersioningBehavior.PINNED if is_versioned else VersioningBehavior.UNSPECIFIED,
    )


def _fingerprint(known: Kinds) -> str:
    """The same for the same workflow code; a module that imports others is taken for itself alone."""
    modules = {*SHARED, *(kind.workflow.partition(":")[0] for kind in known)}
    digest = sha256()
    for source in _sources(sorted(modules)):
        digest.update(source)
    return digest.hexdigest()[:8]


def _sources(modules: Iterable[str]) -> Iterable[bytes]:
    for name in modules:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield name.encode() + b"\0" + Path(spec.origin).read_bytes()
