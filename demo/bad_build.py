"""The worker of a build that nobody should have deployed: `python -m demo.bad_build`, for databases made for a demo."""

import sys
from dataclasses import replace

import psycopg

from demo import scene
from operations import kinds
from operations.errors import ConfigurationError
from operations.kinds import Kinds
from operations.settings import Requirement, Settings
from operations.tenant_kinds import PROVISIONING
from workers.main import main as work


def main() -> int:
    try:
        settings = Settings.load(Requirement.DATABASE_URL)
        with psycopg.connect(settings.database_dsn, autocommit=True) as connection:
            scene.require_mark(connection)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return work(declared)


def declared() -> Kinds:
    bad = replace(PROVISIONING, workflow="demo.bad_release:TenantProvisioningWorkflow", patches=())
    return Kinds.of(bad if kind is PROVISIONING else kind for kind in kinds.known())


if __name__ == "__main__":
    raise SystemExit(main())
