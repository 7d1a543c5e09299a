"""Behind a real nginx that speaks TLS, with the very lines that docs/deploying.md gives."""

import asyncio
import os
import re
import ssl
import subprocess
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import websockets
from playwright.async_api import async_playwright, expect
from psycopg import AsyncConnection

from embedded import ports
from tests.factories import add_tenant
from tests.parts import NGINX
from workbench.browser import find_browser
from workbench.consoles import ADMIN_EMAIL, PASSWORD, ROOT, Console, Servers, run_console
from workbench.servers import eventually, passable_directory

GUIDE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
CONFIGURATION = """
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
daemon off;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate {directory}/tls.pem;
        ssl_certificate_key {directory}/tls.key;
        {location}
    }}
}}
"""


def make_certificate(directory: Path) -> ssl.SSLContext:
    """A certificate for localhost, and who trusts it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(directory / "tls.key"), "-out", str(directory / "tls.pem")],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return ssl.create_default_context(cafile=str(directory / "tls.pem"))


@asynccontextmanager
async def nginx_before(console_port: int, port: int, directory: Path) -> AsyncIterator[ssl.SSLContext]:
    trusting = make_certificate(directory)
    found = re.search(r"^```nginx\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    location = found[1].replace("http://127.0.0.1:8080", f"http://127.0.0.1:{console_port}")
    path = directory / "nginx.conf"
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    text = CONFIGURATION.format(directory=directory, port=port, location=location, user=user)
    path.write_text(text, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        NGINX.wanted(), "-c", str(path), "-p", str(directory), stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield trusting
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def proxied(
    database_url: str, temporal_address: str, tmp_path: Path
) -> AsyncIterator[tuple[Console, ssl.SSLContext]]:
    NGINX.wanted()
    port = ports.any_free()
    servers = Servers(database_url=database_url, temporal_address=temporal_address, task_queue="behind-nginx")
    with passable_directory() as directory:
        async with (
            run_console(servers, tmp_path, public_url=f"https://localhost:{port}") as console,
            nginx_before(console.port, port, directory) as trusting,
        ):
            async with httpx.AsyncClient(verify=trusting, timeout=20) as client:
                await eventually(lambda: status(client, f"{console.url}/healthz"), lambda seen: seen == 200)
            yield console, trusting


async def status(client: httpx.AsyncClient, url: str) -> int:
    try:
        return (await client.get(url)).status_code
    except httpx.TransportError:
        return 0


async def test_a_person_logs_in_sees_changes_live_and_logs_out(
    proxied: tuple[Console, ssl.SSLContext], database_url: str
) -> None:
    console, _ = proxied
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        context = await browser.new_context(base_url=console.url, ignore_https_errors=True)
        page = await context.new_page()
        await page.goto("/login")
        await page.get_by_label("E-mail").fill(ADMIN_EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.goto("/tenants")
        await page.wait_for_function("window.did_handshake === true")
        (cookie,) = [each for each in await context.cookies() if "tenantry" in each["name"]][:1]
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-tenantry", True, True)

        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            await add_tenant(connection, slug="live-behind-nginx")
        await expect(page.get_by_text("live-behind-nginx").first).to_be_visible(timeout=15_000)

        await page.get_by_role("button", name="Account of").click()
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login*")
        await browser.close()


async def test_bodies_origins_and_addresses_are_judged_as_without_it(
    proxied: tuple[Console, ssl.SSLContext], tmp_path: Path
) -> None:
    console, trusting = proxied
    session = await console.accounts.session()
    cookies = {"__Host-tenantry": session}
    async with httpx.AsyncClient(base_url=console.url, verify=trusting, cookies=cookies, timeout=20) as client:
        own = {"Origin": console.url}
        large = await client.post("/api/v1/tenants", content=b"x" * 200_000, headers=own)
        foreign = await client.post("/api/v1/reconciliations", headers={"Origin": "https://evil.example"})
        ours = await client.post("/api/v1/reconciliations", headers={"Origin": console.url.upper()})
        fine = await eventually(  # refused while the console's own first pass runs
            lambda: client.post("/api/v1/reconciliations", headers=own), lambda answer: answer.status_code != 409
        )

    assert (large.status_code, foreign.status_code, fine.status_code) == (413, 403, 200)
    assert ours.status_code == 403  # browsers write an origin in one way only
    with pytest.raises(websockets.exceptions.InvalidStatus):
        await websockets.connect(
            f"{console.url.replace('https', 'wss')}/_nicegui_ws/socket.io/?EIO=4&transport=websocket",
            ssl=trusting,
            origin=websockets.Origin("https://evil.example"),
        )


async def test_a_failed_log_in_is_logged_with_who_called_nginx_and_not_with_what_they_claim(
    proxied: tuple[Console, ssl.SSLContext], tmp_path: Path
) -> None:
    console, trusting = proxied
    log = tmp_path / f"console-{console.port}.log"
    caller = httpx.AsyncHTTPTransport(verify=trusting, local_address="127.0.0.2")  # nginx itself calls from 127.0.0.1
    claims = {"Origin": console.url, "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}

    async with httpx.AsyncClient(base_url=console.url, transport=caller, headers=claims, timeout=20) as client:
        answer = await client.post("/login", data={"email": ADMIN_EMAIL, "password": "wrong"})

    assert answer.status_code == 401
    (line,) = [each for each in log.read_text(encoding="utf-8").splitlines() if "failed log-in" in each]
    assert "127.0.0.2" in line
    assert "203.0.113.9" not in line
