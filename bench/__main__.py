"""Run benchmarks and print one table: `python -m bench [NAME…] [--full]`; `MODULES` has the names."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Protocol, cast

from bench import document
from bench.results import Result

#: Each module has `async def run(*, full: bool) -> Result`.
MODULES = {
    "P1": "bench.p1_tracking",
    "P2": "bench.p2_lists",
    "P3": "bench.p3_live",
    "P4": "bench.p4_clicks",
    "P5": "bench.p5_reconciling",
    "P6": "bench.p6_delivery",
    "P7": "bench.p7_registering",
    "P8": "bench.p8_provisioning",
    "P9": "bench.p9_start",
    "P10": "bench.p10_render",
    "bulk": "bench.bulk",
    "beside": "bench.beside_bulk",
    "diagnosing": "bench.diagnosing",
    "replaying": "bench.replaying",
    "leaks": "bench.leaks",
}


class Benchmark(Protocol):
    """What a module of a benchmark offers."""

    run: Callable[..., Awaitable[Result]]


async def measure(names: list[str], *, full: bool) -> bool:
    """Whether every bar was met; docs/performance.md tells the figures afterwards."""
    results = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        benchmark = cast("Benchmark", import_module(MODULES[name]))
        result = await benchmark.run(full=full)
        result.write()
        print(result.table(), end="\n\n", flush=True)
        results.append(result)
    document.write()
    return all(result.passed for result in results)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MODULES)}; none: all of them")
    parser.add_argument(
        "--full", action="store_true", help="the big ones: P2 with five million executions, P8 beside thousands"
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(MODULES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    return 0 if asyncio.run(measure(given.names or list(MODULES), full=given.full)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
