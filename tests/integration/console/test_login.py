"""Logging in and out: the cookie, where it leads afterwards, and how soon the end of a session is felt."""

from http.cookies import SimpleCookie

import httpx
import pytest

from operations.statuses import Role
from tests.integration.console.sockets import open_page, open_socket, shake_hands
from workbench.consoles import ADMIN_EMAIL, PASSWORD, Console

SOON = 5.0  # seconds until the end of a session must be felt


async def log_in(
    client: httpx.AsyncClient, console: Console, *, sender: str, password: str = PASSWORD, **fields: str
) -> httpx.Response:
    """`sender` is the address that the reverse proxy on this machine reports: so many log-ins a minute are for one."""
    return await client.post(
        "/login",
        data={"email": ADMIN_EMAIL, "password": password} | fields,
        headers={"Origin": console.url, "X-Forwarded-For": sender},
    )


def cookies(answer: httpx.Response) -> SimpleCookie:
    """All that the answer sets."""
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


def set_cookie(answer: httpx.Response, console: Console) -> dict[str, str]:
    """The attributes of the session's cookie, by lower-case name; its value under its own."""
    morsel = cookies(answer)[console.cookie]
    return {name: str(value) for name, value in morsel.items() if value} | {console.cookie: morsel.value}


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    console: Console, stranger: httpx.AsyncClient
) -> None:
    answer = await log_in(stranger, console, sender="10.0.0.1")

    assert answer.status_code == 303
    attributes = set_cookie(answer, console)
    assert attributes.keys() == {"tenantry", "httponly", "max-age", "path", "samesite"}
    assert (attributes["samesite"], attributes["path"]) == ("lax", "/")


async def test_under_https_the_cookie_is_bound_to_host_and_transport(secure_console: Console) -> None:
    async with secure_console.client() as client:
        answer = await log_in(client, secure_console, sender="10.0.0.2")

    attributes = set_cookie(answer, secure_console)
    assert attributes.keys() == {"__Host-tenantry", "httponly", "max-age", "path", "samesite", "secure"}
    assert attributes["path"] == "/"


async def test_every_login_makes_a_new_secret(console: Console, stranger: httpx.AsyncClient) -> None:
    planted = "secret-of-somebody-who-waits"
    stranger.headers["Cookie"] = f"{console.cookie}={planted}"

    secrets = [
        set_cookie(await log_in(stranger, console, sender="10.0.0.3"), console)[console.cookie] for _ in range(2)
    ]

    assert len({planted, *secrets}) == 3
    assert all(len(secret) >= 40 for secret in secrets)
    async with console.client(session=planted) as fixed, console.client(session=secrets[0]) as given:
        assert (await fixed.get("/api/v1/tenants")).status_code == 401
        assert (await given.get("/api/v1/tenants")).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/executions?status=failed&q=%C3%A9", "/executions?status=failed&q=%C3%A9"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        (" /executions", "/"),
    ],
)
async def test_the_login_leads_nowhere_else(console: Console, wanted: str, leads_to: str) -> None:
    sender = f"10.1.0.{len(wanted)}"
    async with console.client() as client:
        shown = await client.get("/login", params={"next": wanted})
        # A wrong password would do, but only a right one shows where it leads; accounts have their limits too.
        email = f"next-{len(wanted)}@example.com"
        await console.accounts.session(email, Role.VIEWER)
        answer = await log_in(client, console, sender=sender, email=email, next=wanted)

    assert answer.headers["location"] == leads_to
    assert "evil.example" not in shown.text
    assert list(cookies(answer)) == [console.cookie, f"{console.cookie}-browser"]


async def test_a_wrong_password_tells_nothing_about_the_account(console: Console, stranger: httpx.AsyncClient) -> None:
    wrong = await log_in(stranger, console, sender="10.0.0.4", password="wrong but long enough")
    unknown = await log_in(stranger, console, sender="10.0.0.4", email="<b>nobody</b>@example.com")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "set-cookie" not in wrong.headers
    assert "The e-mail or the password is wrong." in wrong.text
    assert "The e-mail or the password is wrong." in unknown.text
    assert "<b>nobody" not in unknown.text


@pytest.mark.parametrize(
    ("email", "password"),
    [("a\x00b@example.com", PASSWORD), (ADMIN_EMAIL, "a\x00b"), ("x" * 300, PASSWORD), (ADMIN_EMAIL, "x" * 2000)],
)
async def test_odd_credentials_are_refused(
    console: Console, stranger: httpx.AsyncClient, email: str, password: str
) -> None:
    answer = await log_in(stranger, console, sender="10.0.0.5", email=email, password=password)

    assert answer.status_code in (401, 422)


async def test_guessing_is_slowed_down(console: Console, stranger: httpx.AsyncClient) -> None:
    tries = [
        await log_in(stranger, console, sender="10.0.0.6", email="guessed@example.com", password=f"guess number {n}")
        for n in range(11)
    ]

    assert [answer.status_code for answer in tries] == [401] * 10 + [429]
    seconds = int(tries[-1].headers["retry-after"])
    assert 1 <= seconds <= 60
    assert f"Wait {seconds} second" in tries[-1].text
    assert "retry-after" not in tries[0].headers


async def test_the_owner_logs_in_from_the_usual_browser_while_somebody_guesses(
    console: Console, stranger: httpx.AsyncClient
) -> None:
    sender = "10.0.0.7"
    mark = cookies(await log_in(stranger, console, sender=sender))[f"{console.cookie}-browser"]
    assert (mark["httponly"], mark["samesite"], mark["path"]) == (True, "lax", "/")
    stranger.cookies.clear()
    guesses = [await log_in(stranger, console, sender=sender, password=f"guess number {n}") for n in range(10)]
    assert {answer.status_code for answer in guesses} == {401}

    stranger_comes = await log_in(stranger, console, sender=sender)
    stranger.cookies.set(f"{console.cookie}-browser", mark.value)
    owner_comes = await log_in(stranger, console, sender=sender)

    assert (stranger_comes.status_code, owner_comes.status_code) == (429, 303)


async def test_after_a_logout_nothing_is_left(console: Console) -> None:
    session = await console.accounts.session()
    async with console.client(session=session) as client:
        page = await open_page(client, "/tenants/new")
        async with open_socket(console, page.client_id, session=session) as socket:
            assert await shake_hands(socket, page.client_id)

            answer = await client.post("/logout")

            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
            assert set_cookie(answer, console)["max-age"] == "0"
            await socket.hears("location.replace('/login')", within=SOON)
            await socket.is_ended(within=SOON)
        await is_shut_out(console, client, session, page.client_id)


async def test_an_account_that_was_disabled_loses_pages_api_and_sockets(console: Console) -> None:
    email = "mallory@example.com"
    session = await console.accounts.session(email, Role.OPERATOR)
    token = await console.accounts.token(email, Role.OPERATOR)
    async with console.client(session=session) as client, console.client(token=token) as script:
        page = await open_page(client, "/tenants/new")
        async with open_socket(console, page.client_id, session=session) as socket:
            assert await shake_hands(socket, page.client_id)
            assert (await script.get("/api/v1/tenants")).status_code == 200

            await console.accounts.execute("UPDATE staff SET disabled_at = now() WHERE email = 'mallory@example.com'")

            assert (await script.get("/api/v1/tenants")).status_code == 401
            await is_shut_out(console, client, session, page.client_id)
            await socket.hears("location.replace('/login?ended=1", within=SOON)
            await socket.is_ended(within=SOON)


async def test_a_changed_role_takes_effect_at_once(console: Console) -> None:
    email = "trent@example.com"
    session = await console.accounts.session(email, Role.SUPPORT)
    async with console.client(session=session) as client:
        page = await open_page(client, "/tenants/new")
        async with open_socket(console, page.client_id, session=session) as socket:
            assert await shake_hands(socket, page.client_id)

            await console.accounts.execute("UPDATE staff SET role = 'viewer' WHERE email = 'trent@example.com'")

            answer = await client.post(
                "/api/v1/tenants", json={"slug": "too-late", "name": "Too late", "owner_email": "late@example.com"}
            )
            assert answer.status_code == 403
            await socket.is_ended(within=SOON)


async def is_shut_out(console: Console, client: httpx.AsyncClient, session: str, client_id: str) -> None:
    page = await client.get("/executions", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fexecutions")
    assert (await client.get("/api/v1/executions")).status_code == 401
    polling = await client.get(f"/_nicegui_ws/socket.io/?EIO=4&transport=polling&client_id={client_id}")
    assert polling.status_code == 401
