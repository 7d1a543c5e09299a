"""The header by which a workflow tells an activity which step of which execution it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from temporalio.api.common.v1 import Payload

HEADER = "tenantry-step"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepMark:
    """Which step of which execution an activity is."""

    execution_id: UUID
    ordinal: int

    def to_header(self) -> dict[str, Payload]:
        data = json.dumps({"execution": str(self.execution_id), "ordinal": self.ordinal}).encode()
        return {HEADER: Payload(metadata={"encoding": b"json/plain"}, data=data)}

    @classmethod
    def from_headers(cls, headers: Mapping[str, Payload]) -> "StepMark | None":
        payload = headers.get(HEADER)
        if payload is None:
            return None
        fields = json.loads(payload.data)
        return cls(execution_id=UUID(fields["execution"]), ordinal=int(fields["ordinal"]))
