"""`python -m tests.chaos --seed 7 --faults 300`: one long trial; exit code 1 when an invariant was violated."""

import argparse
import asyncio
import logging
import sys
from random import SystemRandom

from tests.chaos import trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Maltreat the whole product.")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000), help="names the faults")
    parser.add_argument("--faults", type=int, default=300)
    wanted = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # sockets that the proxies broke on purpose
    say(f"seed {wanted.seed}, {wanted.faults} faults")
    verdict = asyncio.run(trial.run(wanted.seed, wanted.faults, say))
    for name, figure in sorted(verdict.figures.items()):
        say(f"{name}: {figure}")
    for name, why in verdict.left_to_reconciliation.items():
        say(f"left to reconciliation: {name}: {why}")
    for violation in verdict.violations:
        say(f"VIOLATION  {violation}")
    say(f"seed {wanted.seed}: {len(verdict.violations)} violations")
    return 1 if verdict.violations else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
