"""Whether the workers are of one version with this process, and every build that has runs has a worker, too."""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio.api.worker.v1 import WorkerHeartbeat

from operations import contracts, fleet, kinds
from operations.deployments import Deployments
from operations.errors import TemporalRefused
from operations.temporal import Temporal

NAMED = 3  #: workers, of many


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """Asks Temporal. Raises `TemporalUnavailable`."""

    temporal: Temporal
    task_queue: str

    async def problem(self) -> str | None:
        """In a sentence; None where all is well, or where the server keeps no list of workers."""
        try:
            beats = await fleet.heartbeats(self.temporal, self.task_queue)
        except TemporalRefused:
            return None
        alive = [beat for beat in beats if beat.status not in fleet.GONE]
        return _older(alive) or await self._abandoned(alive)

    async def _abandoned(self, alive: Sequence[WorkerHeartbeat]) -> str | None:
        """Runs that stay on a build none of whose workers is there."""
        served = {beat.deployment_version.build_id for beat in alive}
        for build in await Deployments.of(self.temporal, self.task_queue).builds():
            if build.runs and build.build not in served:
                runs = "1 run" if build.runs == 1 else f"{build.runs:,} runs"
                return (
                    f"{runs} can go on only on the build {build.build}, and no worker of it is there. Start"
                    " one, and keep it until “tenantry deploy drain” says that nothing is left."
                )
        return None


def _older(alive: Sequence[WorkerHeartbeat]) -> str | None:
    """Workers that do not know what this version's runs take; none at all is another line's concern. Pure."""
    known = fleet.known_by_all(alive, ())
    taken = {
        contracts.TRACKING_2,
        *(patch for kind in kinds.known() for patch in kind.patches if patch not in kind.established),
    }
    if known is None or taken <= known:
        return None
    lacking = [beat.worker_identity for beat in alive if not taken <= (fleet.known_by_all([beat], ()) or set())]
    who = ", ".join(sorted(lacking)[:NAMED]) + (" and others" if len(lacking) > NAMED else "")
    return (
        f"{who} did not say that they know what this version's runs take, so new runs begin in the old way. Replace"
        " them; a worker that was killed is listed for five minutes more."
    )
