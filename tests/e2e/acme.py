"""A company's package, installed beside Tenantry, and the service that its steps ask."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded import ports
from workbench.consoles import ROOT
from workbench.servers import environment, eventually

EXAMPLE = ROOT / "examples" / "acme_provisioning"


async def install(package: Path, directory: Path) -> Path:
    """Into a directory of its own, for `PYTHONPATH`; from a copy, as building leaves files beside the sources."""
    sources, target = directory / "sources", directory / "packages"
    await asyncio.to_thread(shutil.copytree, package, sources)
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(target))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *pip, str(sources), stdout=PIPE, stderr=STDOUT, env=environment()
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return target


@dataclass(kw_only=True, slots=True)
class Service:
    """Keeps subdomains and backups in memory; `failures` are answered first, by path."""

    url: str = ""
    subdomains: dict[str, str] = field(default_factory=dict)
    backups: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, list[int]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    async def subdomain(self, request: Request) -> Response:
        name = request.path_params["name"]
        if request.method == "DELETE":
            gone = self.subdomains.pop(name, None)
            return JSONResponse({}, 404 if gone is None else 200)
        self.subdomains[name] = (await request.json())["tenant"]
        return JSONResponse({})

    async def target(self, request: Request) -> Response:
        return JSONResponse({}, 200 if request.path_params["name"] in self.subdomains else 404)

    async def backup(self, request: Request) -> Response:
        name = request.path_params["name"]
        if request.method == "PUT":
            self.backups[name] = await request.body()
        return Response(self.backups.get(name, b""), 200 if name in self.backups else 404)

    def _unless_it_fails(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def look(request: Request) -> Response:
            self.asked[f"{request.method} {request.url.path}"] += 1
            failures = self.failures.get(request.url.path, [])
            return JSONResponse({"error": "at its limit"}, failures.pop(0)) if failures else await answer(request)

        return look

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Service"]:
        port = ports.any_free()
        routes = [
            Route("/subdomains/{name}", self._unless_it_fails(self.subdomain), methods=["PUT", "DELETE"]),
            Route("/subdomains/{name}/target", self._unless_it_fails(self.target), methods=["POST"]),
            Route("/backups/{name}", self._unless_it_fails(self.backup), methods=["PUT", "GET"]),
        ]
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_config=None, ws="none"))
        self.url = f"http://127.0.0.1:{port}"
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve())
            await eventually(_started(server), bool)
            yield self
            server.should_exit = True


def _started(server: uvicorn.Server) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return server.started

    return look
