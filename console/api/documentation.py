"""What the API says about itself: the document, and Swagger UI for it from our own files."""

from string import Template

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.routing import compile_path

from console.api import problems
from console.components import assets

SCHEMAS = "#/components/schemas/{model}"

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


class Documented(FastAPI):
    """Promises errors in the form they have; FastAPI alone would promise one of its own. Says how to log in, too."""

    session_cookie = "tenantry"  #: its name

    def openapi(self) -> dict[str, object]:
        document = super().openapi()  # made again when routes were added
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            problem = problems.Problem.model_json_schema(ref_template=SCHEMAS)
            schemas |= problem.pop("$defs") | {"Problem": problem}
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    operation["responses"] |= _errors(path, method, takes_body="requestBody" in operation)
            document["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer", "description": "made with `tenantry token create`"},
                "session": {"type": "apiKey", "in": "cookie", "name": self.session_cookie},
            }
            document["security"] = [{"token": []}, {"session": []}]
        return document

    def describes(self, path: str) -> bool:
        """Whether this very address is in the document, not only what stands for many."""
        return path in super().openapi()["paths"]

    def methods_of(self, path: str) -> list[str]:
        """What can be asked of an address of the API, going by the document."""
        paths = super().openapi()["paths"]
        of_templates = (paths[each] for each in paths if compile_path(each)[0].match(path))
        described = [paths[path]] if path in paths else of_templates  # `pause` is no id
        methods = {method.upper() for operations in described for method in operations}
        if "GET" in methods:
            methods.add("HEAD")
        return sorted(methods)


def _errors(path: str, method: str, *, takes_body: bool) -> dict[str, object]:
    statuses = [401, 403, 405, 414, 422, 431, 503]
    if takes_body:
        statuses += [400, 408, 413, 415]
    if "/exports/" in path or path.endswith("/executions/bulk"):
        statuses.append(429)
    if "{" in path or (method != "get" and "/groups/" in path):
        statuses.append(404)
    if method != "get":
        statuses.append(409)
    content = {"application/problem+json": {"schema": {"$ref": SCHEMAS.format(model="Problem")}}}
    return {str(status): {"description": problems.TITLES[status], "content": content} for status in sorted(statuses)}


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
