"""The header by which a workflow tells an activity which step of which execution it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from temporalio.api.common.v1 import Payload

HEADER = "tenantry-step"
LONGEST = 200  # bytes; ours have fewer than 100


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
        """None without a header, and for one that says something else: anybody can write it."""
        payload = headers.get(HEADER)
        if payload is None or len(payload.data) > LONGEST:
            return None
        try:
            match json.loads(payload.data):
                case {"execution": str(execution), "ordinal": int(ordinal)} if 0 < ordinal < 2**31:
                    return cls(execution_id=UUID(execution), ordinal=ordinal)
        except ValueError:
            pass
        return None
