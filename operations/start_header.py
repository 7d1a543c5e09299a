"""The header of a start by which a run does not report that it has begun: whoever starts it does, or its first step."""

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle

from operations import contracts


def marking(client: Client) -> Client:
    """The same client; what it starts has the header. The SDK takes headers from interceptors only."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], _Marking()]
    return Client(**config)


class _Marking(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        return _MarkedStart(next)


class _MarkedStart(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[object, object]:  # noqa: A002
        mark = Payload(metadata={"encoding": b"json/plain"}, data=contracts.TRACKING)
        input.headers = {**input.headers, contracts.TRACKING_HEADER: mark}
        return await super().start_workflow(input)
