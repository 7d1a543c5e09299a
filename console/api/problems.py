"""Errors of the API as problem documents (RFC 9457); the one place where errors become HTTP statuses."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from operations import errors
from operations.errors import OperationsError

STATUSES: dict[type[OperationsError], int] = {
    errors.NotLoggedIn: 401,
    errors.NotPermitted: 403,
    errors.ExecutionNotFound: 404,
    errors.TenantNotFound: 404,
    errors.StaffNotFound: 404,
    errors.PassNotFound: 404,
    errors.FindingNotFound: 404,
    errors.GroupNotFound: 404,
    errors.BulkNotFound: 404,
    errors.CannotChangeBulk: 409,
    errors.CountChanged: 409,
    errors.PassRunning: 409,
    errors.LeaseLost: 409,
    errors.ReconciliationPaused: 409,
    errors.FindingSettled: 409,
    errors.CannotSettle: 409,
    errors.AlreadyTaken: 409,
    errors.KeyReused: 409,
    errors.AlreadyEnded: 409,
    errors.TooLateToCancel: 409,
    errors.RunChanged: 409,
    errors.RetryChanged: 409,
    errors.NotOffered: 409,
    errors.CannotHoldStep: 409,
    errors.CannotCleanUp: 409,
    errors.NotWaiting: 409,
    errors.AlreadyDecided: 409,
    errors.CannotTriage: 409,
    errors.CannotRetry: 409,
    errors.CannotDeprovision: 409,
    errors.CannotStart: 409,
    errors.NotADemo: 409,
    errors.CannotBreak: 409,
    errors.InvalidInput: 422,
    errors.TooManyBulks: 429,
    errors.TooManyTries: 429,
    errors.LoginsBusy: 503,
    errors.DatabaseUnavailable: 503,
    errors.SchemaBehind: 503,
    errors.TemporalUnavailable: 503,
}
TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    414: "Address too long",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    431: "Headers too large",
    500: "Internal error",
    503: "Unavailable",
}


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457); `errors` names fields of the request."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


BUG = (
    "Something went wrong here; it was logged. Whether the request took effect is not known: look before you repeat it."
)


def response(
    status: int,
    detail: str,
    *,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`fields` maps names of fields to what is wrong with them."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if fields:
        document["errors"] = [{"field": name, "detail": problem} for name, problem in fields.items()]
    return JSONResponse(document, status, media_type="application/problem+json", headers=dict(headers or {}))


def install(application: FastAPI) -> None:
    """Answer every expected error with a problem document; `failures.Bugs` answers the others."""
    application.add_exception_handler(OperationsError, _operations_error)
    application.add_exception_handler(RequestValidationError, _malformed)
    application.add_exception_handler(HTTPException, _http_error)


def status_of(error: OperationsError) -> int:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def waits(error: OperationsError) -> dict[str, str]:
    """The header that says when to come again, where that is known or soon."""
    if isinstance(error, errors.TooManyTries):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, errors.AcceptedUnread):
        return {}  # it stands: nobody is asked to send it again
    return {"Retry-After": "5"} if status_of(error) == 503 else {}


async def _operations_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, OperationsError):
        raise error
    fields: Mapping[str, str] = {}
    if isinstance(error, errors.InvalidInput):
        fields = error.problems
    elif isinstance(error, errors.AlreadyTaken):
        fields = {error.field: error.message}
    status = status_of(error)
    return response(status, error.message, fields=fields, headers=waits(error))


async def _malformed(_: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    fields = {_field(problem["loc"]): str(problem["msg"]) for problem in problems}
    return response(422, "The request does not have the documented form.", fields=fields)


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return response(error.status_code, str(error.detail), headers=error.headers)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part not in ("body", "query", "path", "header")) or "body"
