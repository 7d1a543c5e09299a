"""The page shown while PostgreSQL does not answer: plain HTML that looks again by itself."""

from string import Template

from console.components import assets

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Database unavailable · Tenantry</title>
<link rel="icon" type="image/svg+xml" href="$logo">
<link rel="stylesheet" href="$stylesheet">
<script src="$script" defer></script>
</head>
<body class="login">
<main>
<p class="login-brand"><img src="$logo" alt="" width="32" height="32">Tenantry</p>
<div class="login-card">
<div><h1>The database does not answer</h1>
<p>Nothing was lost: runs go on, and accepted work is kept. This page looks again every five seconds.</p></div>
</div>
</main>
</body>
</html>
""")


def render() -> str:
    return PAGE.substitute(
        logo=assets.url("logo.svg"), stylesheet=assets.url("tenantry.css"), script=assets.url("outage.js")
    )
