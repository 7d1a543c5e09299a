"""`/api/docs`: Swagger UI from our own files; nothing is loaded from another host."""

from string import Template

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from console.components import assets

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Tenantry</title>
<link rel="icon" type="image/svg+xml" href="$logo">
<link rel="stylesheet" href="$style">
</head>
<body>
<div id="swagger-ui"></div>
<script src="$bundle"></script>
<script src="$start"></script>
</body>
</html>
""")


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/api/docs", _docs, methods=["GET"])
    return routes


async def _docs() -> Response:
    page = PAGE.substitute(
        logo=assets.url("logo.svg"),
        style=assets.url("swagger/swagger-ui.css"),
        bundle=assets.url("swagger/swagger-ui-bundle.js"),
        start=assets.url("swagger/start.js"),
    )
    return HTMLResponse(page)
