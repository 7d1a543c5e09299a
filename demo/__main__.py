"""Fill the database of a demo unless that was done before: `python -m demo`; begin anew: `python -m demo reset`."""

import sys

import psycopg

from demo import filling, resetting, scene
from operations import logs
from operations.errors import ConfigurationError
from operations.settings import Requirement, Settings

RESET = "reset"


def main(*words: str) -> int:
    try:
        settings = Settings.load(Requirement.DATABASE_URL, Requirement.TEMPORAL_ADDRESS, Requirement.SECRET_KEY)
        logs.configure(settings.log_format)
        _run(settings, anew=words == (RESET,))
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


def _run(settings: Settings, *, anew: bool) -> None:
    with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
        scene.require_mark(connection)
        is_filled, is_untouched = scene.is_filled(connection), scene.is_untouched(connection)
    if not anew and is_filled:
        return
    if not anew and is_untouched:
        filling.fill(settings)
    else:  # also when a filling was cut off
        resetting.reset(settings)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
