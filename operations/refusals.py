"""Why Temporal cannot be reached, in words that give nothing away: never an address, a key or a certificate."""

from temporalio.service import RPCError, RPCStatusCode

#: What the SDK says, in small letters, and what that means; the first part that is found counts.
SAID = {
    "failed to lookup address": "its name is unknown",
    "dns error": "its name is unknown",
    "connection refused": "the connection is refused",
    "connectionrefused": "the connection is refused",
    "unreachable": "no network route leads to it",
    "no route to host": "no network route leads to it",
    "invalidcontenttype": "it does not speak TLS, which TEMPORAL_TLS or an API key asks for",
    "notvalidforname": "its certificate is for another name",
    "certificate": "a certificate is not accepted",
    "unknownissuer": "a certificate is not accepted",
    "tls": "TLS cannot be agreed on",
    "unauthenticated": "it does not accept the API key",
    "unauthorized": "it does not accept the API key",
    "permissiondenied": "the API key has no right to this",
    "permission denied": "the API key has no right to this",
    "unimplemented": "something else than Temporal answers there",
    "timed out": "no answer came in time",
    "timeout": "no answer came in time",
    "connection closed": "it ended the connection, as one does that wants TLS",
    "broken pipe": "it ended the connection",
    "reset": "it ended the connection",
}


def reason(error: BaseException) -> str | None:
    """What to tell of an error of the SDK."""
    said = str(error).lower()
    return next((words for part, words in SAID.items() if part in said), None)


def lacks_namespace(error: RPCError) -> bool:
    """NOT_FOUND of a namespace has the code of NOT_FOUND of a workflow, and only the detail tells them apart."""
    if error.status is not RPCStatusCode.NOT_FOUND:
        return False
    return any(detail.type_url.endswith("NamespaceNotFoundFailure") for detail in error.grpc_status.details)
