"""A supervisor as `tenantry up` runs it, with stand-ins for our own processes: DIRECTORY [OPTION=VALUE …]."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from embedded.keeper import Pace
from embedded.plan import Commands, Plan
from embedded.supervisor import Listeners, Supervisor
from operations.errors import OperationsError

PYTHON = (sys.executable, "-I", "-S")
CONSOLE = (*PYTHON, str(Path(__file__).with_name("stand_in_console.py")))
WORKER = (*PYTHON, "-c", "import signal; signal.pause()")
NOTHING = (*PYTHON, "-c", "")


async def nothing_to_do(environment: Mapping[str, str]) -> None:
    say("database", environment["TENANTRY_DATABASE_URL"])


def say(title: str, text: str) -> None:
    with suppress(OSError):
        sys.stdout.write(f"{title} {text}\n")
        sys.stdout.flush()


def main(directory: str, *options: str) -> None:
    chosen = dict(option.split("=", 1) for option in options)
    programs = {
        name: (*PYTHON, "-c", chosen[name]) if name in chosen else usual
        for name, usual in (("migrations", NOTHING), ("worker", WORKER), ("console", CONSOLE))
    }
    plan = Plan(
        directory=Path(directory),
        user=dict(os.environ),
        port=int(chosen["port"]) if "port" in chosen else None,
        commands=Commands(**programs),
        workers=int(chosen.get("workers", "1")),
        pace=Pace(poll=0.1, first_pause=float(chosen.get("pause", "0.1"))),
    )
    listeners = Listeners(progress=say, database_ready=nothing_to_do, ready=lambda url: say("open", url))
    try:
        asyncio.run(Supervisor(plan, listeners).run())
    except OperationsError as error:
        raise SystemExit(f"failed: {error.message}") from None


if __name__ == "__main__":
    main(*sys.argv[1:])
