"""The page for logging in: plain HTML, so that nobody gets a socket before having proved who they are."""

from html import escape
from string import Template

from console.components import assets
from console.components.theme import Choice

PAGE = Template("""<!doctype html>
<html lang="en"$theme>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Log in · Tenantry</title>
<link rel="icon" type="image/svg+xml" href="$logo">
<link rel="stylesheet" href="$stylesheet">
</head>
<body class="login">
<main>
<p class="login-brand"><img src="$logo" alt="" width="32" height="32">Tenantry$environment</p>
<form class="login-card" method="post" action="/login">
<div><h1>Log in</h1><p>Operations console for tenant provisioning.</p></div>
$error
<div class="field"><label for="email">E-mail</label>
<input id="email" name="email" type="email" value="$email" autocomplete="username" autocapitalize="none"
 spellcheck="false" required maxlength="254"$email_attributes></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="1024"$password_attributes></div>
<input type="hidden" name="next" value="$next_path">
<button class="button-primary" type="submit">Log in</button>
</form>
</main>
<footer>Accounts are made by an administrator. What you do here is recorded.</footer>
</body>
</html>
""")


def render(*, environment: str, next_path: str, error: str | None, email: str = "", theme: Choice = Choice.AUTO) -> str:
    """The whole document. `next_path` must already be known to be a path of ours."""
    invalid = ' aria-invalid="true" aria-describedby="problem"' if error else ""
    password_comes_first = bool(email)
    return PAGE.substitute(
        theme="" if theme is Choice.AUTO else f' data-theme="{theme.value}"',
        logo=escape(assets.url("logo.svg")),
        stylesheet=escape(assets.url("tenantry.css")),
        environment=_environment_badge(environment),
        error=f'<p id="problem" class="field-error" role="alert">{escape(error)}</p>' if error else "",
        email=escape(email),
        email_attributes=invalid + ("" if password_comes_first else " autofocus"),
        password_attributes=invalid + (" autofocus" if password_comes_first else ""),
        next_path=escape(next_path),
    )


def _environment_badge(environment: str) -> str:
    mark = " data-production" if environment == "production" else ""
    return f'<span class="environment"{mark}>{escape(environment)}</span>'
