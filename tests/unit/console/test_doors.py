import re

import nicegui
import pytest
from nicegui import core
from starlette.routing import Mount, Route

from console import doors
from operations.access import Permission

VERSION = f"/_nicegui/{nicegui.__version__}"


@pytest.mark.parametrize(
    "path",
    ["/login", "/healthz", "/readyz", "/metrics", "/favicon.ico", "/assets/1/a.css", f"{VERSION}/static/nicegui.js"],
)
def test_what_reveals_nothing_is_public(path: str) -> None:
    assert doors.is_public(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/logout",
        "/login/",
        "/LOGIN",
        "/loginx",
        "/assets",
        "/api/v1/tenants",
        "/api/openapi.json",
        "/_nicegui",
        "/_nicegui/",
        "/_nicegui/1.0.0/static/x",
        f"{VERSION}/nothing",
        f"{VERSION}/static",
        f"{VERSION}/static/",
        f"{VERSION}/esm/x",
        f"{VERSION}/resources/x",
        f"{VERSION}/dynamic_resources/x/y",
        f"{VERSION}x/static/x",
        f"x{VERSION}/static/x",
        "/_nicegui/client/x/upload/1",
        "/_nicegui/auto/static/x",
        "/_nicegui_ws/socket.io/",
    ],
)
def test_everything_else_is_not(path: str) -> None:
    assert not doors.is_public(path)


def test_the_shapes_are_those_of_the_routes() -> None:
    prefix = f"{VERSION}/"
    for route in core.app.routes:
        if isinstance(route, Mount | Route) and route.path.startswith(prefix):
            example = re.sub(r"\{[a-z:]+\}", "a", route.path)
            assert doors.is_public(example if isinstance(route, Route) else f"{example}/a"), route.path


@pytest.mark.parametrize("path", ["/_nicegui", "/_nicegui_ws/socket.io/", "/executions", f"{VERSION}/static/a.js"])
def test_addresses_that_there_are_are_somewhere(path: str) -> None:
    assert not doors.is_nowhere(path)


@pytest.mark.parametrize(
    "path", ["/_nicegui/", "/_nicegui/nothing", f"{VERSION}/esm/x", "/_nicegui/client/x/upload/1", "/_nicegui/auto/x"]
)
def test_the_rest_of_niceguis_addresses_is_nowhere(path: str) -> None:
    assert doors.is_nowhere(path)


def test_a_door_has_its_own_limit_and_role() -> None:
    assert doors.door("/login").longest == 8 * 1024
    assert doors.door("/api/v1/tenants").longest == 64 * 1024
    assert doors.door("/api/v1/executions/bulk").longest == 512 * 1024
    assert doors.door("/api/v1/tenants").needs is Permission.REGISTER_TENANT
    assert doors.door("/api/v1/nothing").needs is None
    assert doors.door("/executions").longest == 0
