"""What every answer carries, and what none gives away."""

import re

import httpx
import pytest

from workbench.consoles import Console

NONCE = re.compile(r"'nonce-([^']+)'")
TAGS = re.compile(r"<(?:script|style)\b[^>]*>")
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PAGES = ("/", "/executions", "/tenants/new", "/nowhere", "/api/docs", "/login")
OTHERS = ("/api/v1/tenants", "/api/v1/tenants/nobody", "/api/openapi.json", "/healthz", "/readyz", "/favicon.ico")


@pytest.mark.parametrize("path", PAGES + OTHERS)
async def test_every_answer_carries_the_headers(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(path, headers={"Accept": "text/html"})

    assert EVERYWHERE.items() <= dict(answer.headers).items()
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    if path != "/favicon.ico":
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_allows_its_own_scripts_and_no_others(admin: httpx.AsyncClient, path: str) -> None:
    first, second = [await admin.get(path, headers={"Accept": "text/html"}) for _ in range(2)]

    nonces = [NONCE.search(answer.headers["content-security-policy"]) for answer in (first, second)]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]
    policy = dict(part.split(" ", 1) for part in first.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe-inline" not in policy["script-src"]
    assert all(f'nonce="{nonces[0][1]}"' in tag for tag in TAGS.findall(first.text))
    assert TAGS.findall(first.text) or path == "/login"


async def test_under_https_browsers_are_told_to_stay_there(secure_console: Console) -> None:
    async with secure_console.client() as client:
        answer = await client.get("/login")

    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_files_under_a_version_are_kept_for_ever(admin: httpx.AsyncClient) -> None:
    page = await admin.get("/executions", headers={"Accept": "text/html"})
    files = set(re.findall(r'"(/(?:assets|_nicegui)/[^"]+\.(?:js|css|svg|woff2))"', page.text))
    assert len(files) >= 15

    for file in files:
        answer = await admin.get(file)

        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["cache-control"], file
        assert EVERYWHERE.items() <= dict(answer.headers).items()
