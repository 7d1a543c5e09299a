"""Whether Temporal answers: asked every second by one process of an installation, so that its return is known."""

from dataclasses import dataclass
from time import monotonic

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from operations.errors import TemporalRefused, TemporalUnavailable
from operations.temporal import Temporal, ask

BUDGET = 2.0  #: seconds for one question
LOST = 2  #: questions without an answer; one alone may be late, and each return is work for a server that may be busy


@dataclass(kw_only=True, slots=True)
class Contact:
    """By a question about the namespace: who may not ask for that, or finds none, has no contact either."""

    temporal: Temporal
    returned_at: float = float("-inf")  #: by `monotonic`, when it answered again last
    _unanswered: int = 0  #: questions, one after the other

    @property
    def is_lost(self) -> bool:
        return self._unanswered >= LOST

    async def look(self) -> bool:
        """Whether it answers again, after contact was lost."""
        if not await self._answers():
            self._unanswered += 1
            return False
        was_lost, self._unanswered = self.is_lost, 0
        if was_lost:
            self.returned_at = monotonic()
        return was_lost

    async def _answers(self) -> bool:
        client = self.temporal.client
        try:
            await ask(
                client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace)),
                within=BUDGET,
            )
        except TemporalUnavailable:
            return False
        except TemporalRefused:  # which is an answer
            return True
        return True
