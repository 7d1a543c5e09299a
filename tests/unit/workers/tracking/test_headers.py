from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from workers.tracking.headers import HEADER, StepMark


@settings(deadline=None, database=None)
@given(st.builds(StepMark, execution_id=st.uuids(), ordinal=st.integers(min_value=1, max_value=2**31 - 1)))
def test_a_mark_comes_back_as_it_went(mark: StepMark) -> None:
    sent = {name: Payload.FromString(payload.SerializeToString()) for name, payload in mark.to_header().items()}

    assert StepMark.from_headers(sent) == mark


def test_a_mark_travels_beside_other_headers() -> None:
    mark = StepMark(execution_id=uuid4(), ordinal=3)

    assert StepMark.from_headers({"traceparent": Payload(data=b"00"), **mark.to_header()}) == mark


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"7",
        b"[]",
        b'{"execution": "x", "ordinal": 1}',
        b'{"execution": 7, "ordinal": 1}',
        b'{"execution": "00000000-0000-0000-0000-000000000000", "ordinal": 0}',
        b'{"execution": "00000000-0000-0000-0000-000000000000", "ordinal": 4294967296}',
        b'{"execution": "00000000-0000-0000-0000-000000000000", "ordinal": 1, "more": "' + b"x" * 200 + b'"}',
        b"[" * 100_000,
    ],
)
def test_a_header_that_anybody_wrote_names_no_row(data: bytes) -> None:
    assert StepMark.from_headers({HEADER: Payload(data=data)}) is None


@pytest.mark.parametrize("headers", [{}, {"traceparent": Payload(data=b"00")}])
def test_an_activity_of_an_untracked_run_carries_no_mark(headers: dict[str, Payload]) -> None:
    assert StepMark.from_headers(headers) is None
    assert HEADER not in headers
