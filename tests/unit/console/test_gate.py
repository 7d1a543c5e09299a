import nicegui
import pytest

from console import gate

VERSION = f"/_nicegui/{nicegui.__version__}"


@pytest.mark.parametrize(
    "path",
    ["/login", "/healthz", "/readyz", "/metrics", "/favicon.ico", "/assets/1/a.css", f"{VERSION}/static/nicegui.js"],
)
def test_what_reveals_nothing_is_public(path: str) -> None:
    assert gate.is_public(path)


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
        f"{VERSION}x/static/x",
        f"x{VERSION}/static/x",
        "/_nicegui/client/x/upload/1",
        "/_nicegui/auto/static/x",
        "/_nicegui_ws/socket.io/",
    ],
)
def test_everything_else_is_not(path: str) -> None:
    assert not gate.is_public(path)


def test_elsewhere_only_the_public_origin_is_ours() -> None:
    assert gate.allowed_origins("https://console.example.com") == {"https://console.example.com"}


def test_on_this_machine_any_name_of_it_is_ours() -> None:
    names = {"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"}

    assert gate.allowed_origins("http://localhost:8080") == names
    assert gate.allowed_origins("http://127.0.0.1:8080") == names
