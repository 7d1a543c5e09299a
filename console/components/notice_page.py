"""Plain pages with one thing to say, for when there can be no other: calm, in the console's look, nothing internal."""

from html import escape
from string import Template

from console.components import assets

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title · Tenantry</title>
<link rel="icon" type="image/svg+xml" href="$logo">
<link rel="stylesheet" href="$stylesheet">
$script</head>
<body class="login">
<main>
<p class="login-brand"><img src="$logo" alt="" width="32" height="32">Tenantry</p>
<div class="login-card">
<div><h1>$title</h1>
<p>$text</p></div>
$link</div>
</main>
</body>
</html>
""")


def outage() -> str:
    """While PostgreSQL does not answer; looks again by itself."""
    return _render(
        "The database does not answer",
        "Nothing was lost: runs go on, and accepted work is kept. This page looks again every five seconds.",
        script=f'<script src="{assets.url("outage.js")}" defer></script>\n',
        link="",
    )


def not_found() -> str:
    return _render("There is no such page", "The address may be misspelled, or what it named is gone.")


def failed() -> str:
    return _render(
        "Something went wrong here",
        "It was logged. Runs go on, and what was accepted is kept. Whether your last step took effect is not known: "
        "look before you repeat it.",
    )


def other_site(came_from: str, expected: str) -> str:
    """For a form that was opened under another address than the console's own."""
    return _render(
        "This came from another address",
        f"The page was opened under {came_from}, and this console is {expected}. Nothing was changed. Open it under "
        "its own address; if that is wrong, whoever runs Tenantry sets TENANTRY_PUBLIC_URL.",
        link=f'<a class="button" href="{escape(expected)}/">Open {escape(expected)}</a>\n',
    )


def too_many(text: str) -> str:
    """For whoever meets a bound; `text` says which, and what to do."""
    return _render("Too many at once", text, link="")


def _render(
    title: str, text: str, *, script: str = "", link: str = '<a class="button" href="/">Go to the overview</a>\n'
) -> str:
    return PAGE.substitute(
        title=escape(title),
        text=escape(text),
        script=script,
        link=link,
        logo=assets.url("logo.svg"),
        stylesheet=assets.url("tenantry.css"),
    )
