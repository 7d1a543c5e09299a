"""What all workers of a queue know, by their heartbeats."""

import pytest
from temporalio.api.enums.v1 import WorkerStatus
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.worker.v1 import PluginInfo, WorkerHeartbeat

from operations.fleet import known_by_all, mark, still_polling

RUNNING, LEAVING, GONE = (
    WorkerStatus.WORKER_STATUS_RUNNING,
    WorkerStatus.WORKER_STATUS_SHUTTING_DOWN,
    WorkerStatus.WORKER_STATUS_SHUTDOWN,
)


def beat(identity: str, *knows: str, status: WorkerStatus.ValueType = RUNNING) -> WorkerHeartbeat:
    plugins = [PluginInfo(name=name) for name in ("tenantry.tracking", *map(mark, knows))]
    return WorkerHeartbeat(worker_identity=identity, plugins=plugins, status=status)


def test_a_poller_that_has_not_asked_for_longer_than_a_poll_lasts_is_gone() -> None:
    polling = []
    for identity, seconds in (("now", 1000), ("a-minute-ago", 940), ("two-minutes-ago", 880)):
        poller = PollerInfo(identity=identity)
        poller.last_access_time.FromSeconds(seconds)
        polling.append(poller)

    assert still_polling(polling) == {"now", "a-minute-ago"}
    assert still_polling([]) == set()


@pytest.mark.parametrize(
    ("beats", "polling", "known"),
    [
        ([beat("a", "x", "y"), beat("b", "y", "z")], ["a", "b"], {"y"}),
        ([beat("a", "x")], [], {"x"}),
        ([beat("a", "x"), beat("old")], ["a", "old"], set()),
        ([beat("a", "x"), beat("old", status=LEAVING)], ["a", "old"], {"x"}),
        ([beat("a", "x"), beat("old", status=GONE)], ["a", "old"], {"x"}),
        ([beat("a", "x")], ["a", "sends-no-heartbeats"], set()),
        ([beat("old", "x", status=GONE)], ["old"], None),
        ([], ["a"], set()),
        ([], [], None),
    ],
)
def test_only_what_every_worker_lists_is_known(
    beats: list[WorkerHeartbeat], polling: list[str], known: set[str] | None
) -> None:
    assert known_by_all(beats, polling) == known
