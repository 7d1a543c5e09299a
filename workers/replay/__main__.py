"""Would the runs in flight go on with this version? Exit code 1 when one would break, 2 when that cannot be seen."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from temporalio.client import WorkflowHistory

from operations.errors import ConfigurationError, OperationsError
from operations.settings import Requirement, Settings
from operations.temporal import Temporal
from workers.replay import gate
from workers.replay.gate import OpenRuns
from workers.replay.report import Report, progress

BREAKS, COULD_NOT_LOOK = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="tenantry replay", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--open", action="store_true", help="the runs in flight, as Temporal has them")
    which.add_argument("--history", nargs="+", type=Path, metavar="FILE", help="histories as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the SDK logs what the report says
    try:
        report = asyncio.run(_files(options.history) if options.history else _open_runs())
    except OperationsError as error:
        print(f"The runs could not be looked at: {error.message}", file=sys.stderr)  # noqa: T201 - a command's answer
        return COULD_NOT_LOOK
    print(report.as_json() if options.json else report.as_text())  # noqa: T201
    return BREAKS if report.broken else 0


async def _open_runs() -> Report:
    settings = Settings.load(Requirement.TEMPORAL_ADDRESS)
    runs = OpenRuns(temporal=await Temporal.connect_lazily(), task_queue=settings.task_queue)
    return await _judged(runs.histories(), await runs.count())


async def _files(paths: Sequence[Path]) -> Report:
    histories = [_read(path) for path in paths]

    async def each() -> AsyncIterator[WorkflowHistory]:
        for history in histories:
            yield history

    return await _judged(each(), len(histories))


async def _judged(histories: AsyncIterator[WorkflowHistory], total: int) -> Report:
    report = Report()
    async with gate.opened() as opened:
        async for verdict in opened.judged(histories):
            report.add(verdict)
            if sys.stderr.isatty():
                print(progress(report.looked_at, total), end="", file=sys.stderr, flush=True)  # noqa: T201
    if sys.stderr.isatty():
        print(file=sys.stderr)  # noqa: T201
    return report


def _read(path: Path) -> WorkflowHistory:
    """As `temporal workflow show --output json` writes it, and `make record`."""
    try:
        text = path.read_text(encoding="utf-8")
        started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
        return WorkflowHistory.from_json(started["workflowId"], text)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(f"{path} is no history in JSON: {type(error).__name__}.") from error


if __name__ == "__main__":
    code = main()
    # The SDK's native threads sometimes abort an interpreter that finalizes.
    sys.stdout.flush()
    os._exit(code)
