"""The console process: pages, REST and live updates on one port."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import uvicorn
from fastapi import Depends, FastAPI
from nicegui import app as nicegui_app
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from uvicorn.loops.auto import auto_loop_factory

from console import bodies, bounds, connections, failures, garbage, gate, lines, sessions, tabs
from console.api import documentation, parameters, problems
from console.api.actions import ActionRoutes
from console.api.bulk import BulkRoutes
from console.api.executions import ExecutionRoutes
from console.api.exports import ExportRoutes
from console.api.findings import FindingRoutes
from console.api.groups import GroupRoutes
from console.api.health import HealthRoutes
from console.api.reconciliations import ReconciliationRoutes
from console.api.tenants import TenantRoutes
from console.api.triage import TriageRoutes
from console.api.workforce import WorkforceRoutes
from console.components import assets
from console.head import HeadAsGet
from console.headers import SecurityHeaders
from console.live import Hub
from console.login import Login
from console.pages import places, root, serving
from console.presence import Presence
from operations import feed, logs, partitions
from operations.bootstrap import Services
from operations.clocks import Clock
from operations.database import Database
from operations.errors import (
    ConfigurationError,
    DatabaseUnavailable,
    OperationsError,
    SchemaBehind,
    TemporalUnavailable,
)
from operations.feed import Feed
from operations.liveness import Watch
from operations.queries.workforce import WorkforceQueries
from operations.settings import Requirement, Settings

log = logs.logger(__name__)

SET_UP_PAUSE, RESTART_PAUSE = 2.0, 1.0  #: seconds
ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
RECONNECT = 30.0  #: seconds for which a tab that lost its connection is kept


def create_application(services: Services, settings: Settings) -> FastAPI:
    """Compose everything; the result serves until its lifespan ends. Once per process, as NiceGUI is global."""
    health = Database.at(services.database.dsn, name="health", pool_size=1)
    clock = Clock()
    watch = Watch(temporal=services.temporal, task_queue=settings.task_queue, clock=clock)
    workforce = WorkforceQueries.of(services.database, services.deployments, watch)
    hub = Hub(
        Feed(dsn=services.database.dsn, clock=clock),
        elsewhere=lambda: (*watch.outages, *services.lookout.outages),
    )
    presence = Presence(staff=services.staff, lines=hub.lines)
    application = documentation.Documented(
        title="Tenantry",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _: _lifespan(services, hub, presence, settings, health=health, watch=watch),
    )
    cookie = sessions.Cookie(secure=settings.is_https, of_demo=services.reads.stage.is_demo)
    application.session_cookie = cookie.name
    problems.install(application)
    _add_routes(
        application,
        services,
        settings,
        Login(staff=services.staff, presence=presence, cookie=cookie, environment=settings.environment),
        health=health,
        watch=watch,
        workforce=workforce,
    )
    root.register(services, hub, workforce, settings)
    serving.serve(application, reconnect=RECONNECT)
    tabs.bind_sockets()
    failures.install()
    nicegui_app.on_connect(hub.greet)
    application.add_middleware(lines.Tap, lines=hub.lines)
    # The last one added comes first: pages get their nonce before they are compressed.
    application.add_middleware(bodies.Bodies)
    application.add_middleware(bounds.Bounds, presence=presence)
    application.add_middleware(gate.Gate, presence=presence, origin=settings.origin, cookie=cookie)
    application.add_middleware(failures.Bugs)
    application.add_middleware(HeadAsGet)
    application.add_middleware(SecurityHeaders, is_https=settings.is_https)
    application.add_middleware(GZipMiddleware, minimum_size=500)
    return application


def _add_routes(
    application: FastAPI,
    services: Services,
    settings: Settings,
    login: Login,
    *,
    health: Database,
    watch: Watch,
    workforce: WorkforceQueries,
) -> None:
    """`health` is a way to the database that nothing else uses."""
    reads = services.reads
    application.mount(assets.mount_path(), assets.Files(directory=assets.DIRECTORY))
    application.include_router(login.router())
    application.include_router(
        HealthRoutes(
            database=health,
            temporal=services.temporal,
            reconciliation=replace(reads.reconciliation, database=health),
            watch=watch,
            is_watched=services.lookout.is_watched,
        ).router()
    )
    application.include_router(documentation.router())
    for router in (
        ExecutionRoutes(executions=reads.executions, intents=reads.intents).router(),
        BulkRoutes(bulks=services.bulks, reads=reads.bulks).router(),
        ActionRoutes(executions=services.executions, reads=reads.executions, intents=reads.intents).router(),
        GroupRoutes(groups=reads.groups, executions=reads.executions).router(),
        TriageRoutes(triage=services.triage, reads=reads.triage).router(),
        ExportRoutes(executions=reads.executions, database=services.database).router(),
        TenantRoutes(tenants=services.tenants, reads=reads.tenants, executions=reads.executions).router(),
        ReconciliationRoutes(actions=services.reconciliation, reads=reads.reconciliation).router(),
        FindingRoutes(actions=services.findings, reads=reads.reconciliation, database=services.database).router(),
        WorkforceRoutes(reads=workforce).router(),
        *places.routers(reads, services.database),
    ):
        application.include_router(router, prefix="/api/v1", dependencies=[Depends(parameters.check)])
    application.add_api_route("/api/{rest:path}", _no_such_route, methods=ANY_METHOD, include_in_schema=False)
    application.add_api_route("/assets/{rest:path}", _no_such_file, include_in_schema=False)
    application.add_api_route("/favicon.ico", _favicon, include_in_schema=False)


async def _no_such_route(request: Request, rest: str) -> Response:
    application = request.app
    allowed = application.methods_of(f"/api/{rest}") if isinstance(application, documentation.Documented) else []
    if not allowed:
        return problems.response(404, f"There is no /api/{rest}; see /api/docs.")
    takes = ", ".join(allowed)
    return problems.response(405, f"/api/{rest} takes {takes}, not {request.method}.", headers={"Allow": takes})


async def _no_such_file(rest: str) -> Response:
    return problems.response(404, f"There is no file /assets/{rest}.")


async def _favicon() -> Response:
    return RedirectResponse(assets.url("logo.svg"), 308)


@asynccontextmanager
async def _lifespan(
    services: Services, hub: Hub, presence: Presence, settings: Settings, *, health: Database, watch: Watch
) -> AsyncIterator[None]:
    """Background work of the process, ended before the database is closed."""
    garbage.settle()
    remains = garbage.Remains()
    work = {
        "live updates": hub.run,
        "watch over Temporal and the workers": watch.run,
        "feed pruning": lambda: feed.prune(services.database.dsn),
        "months of the history": lambda: partitions.prepare(services.database.dsn),
        "deliverer": services.deliverer.run,
        "bulk operations": services.bulks.runner.run,
        **services.lookout.work,
        "reconciliation watchdog": services.lookout.watchdog.run,
        "garbage": remains.clear_away,
        "session sweep": presence.sweep,
        "set-up": lambda: _set_up(services, settings),
    }
    with remains.following():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_kept_alive(name, each), name=name) for name, each in work.items()]
            yield
            for task in tasks:
                task.cancel()
    await health.close()


async def _kept_alive(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """A bug in one background task is logged and the task begun again; the others and the pages go on."""
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("background work failed; it begins again", work=name, pause_seconds=RESTART_PAUSE)
            await asyncio.sleep(RESTART_PAUSE)


async def _set_up(services: Services, settings: Settings) -> None:
    """What a fresh installation needs, tried until the servers are there."""
    await _until_done(services.reads.stage.look)
    await _until_done(lambda: _make_first_admin(services, settings))
    await _until_done(services.temporal.ensure_search_attribute)


async def _until_done(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
            return
        except (DatabaseUnavailable, TemporalUnavailable) as error:
            log.warning("set-up waits", why=error.message)
            await asyncio.sleep(SET_UP_PAUSE)
        except OperationsError as error:
            log.error("set-up was refused", why=error.message)
            return


async def _make_first_admin(services: Services, settings: Settings) -> None:
    if settings.admin_email is None or settings.admin_password is None:
        return
    if await services.staff.add_first(settings.admin_email, settings.admin_password.get_secret_value()):
        log.info("made the first administrator", email=settings.admin_email)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    services = await Services.connect(settings, part="console")
    try:
        with suppress(DatabaseUnavailable):  # no reason not to start; /readyz and the pages say so
            await services.database.check_schema()
            await services.reads.stage.look()
        config = uvicorn.Config(
            create_application(services, settings),
            host=settings.host,
            port=settings.port,
            http=connections.Http,
            ws=connections.Websocket,
            ws_per_message_deflate=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
            timeout_keep_alive=connections.KEPT,
            timeout_graceful_shutdown=5,
            log_config=None,
            access_log=False,
        )
        log.info("console serves", host=settings.host, port=settings.port, address=settings.origin)
        await uvicorn.Server(config).serve()
    finally:
        await services.close()


def main() -> int:
    try:
        settings = Settings.load(*Requirement)
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    logs.configure(settings.log_format)
    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(serve(settings))
    except (SchemaBehind, ConfigurationError) as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1
    # The SDK's native threads sometimes abort an interpreter that finalizes; everything is closed by now.
    sys.stdout.flush()
    os._exit(0)
