"""Pages by keys, as statements."""

import pytest
from sqlalchemy import select

from operations.models import Execution
from operations.queries.paging import Duration, Keys, Moment, Segment, Span, beside
from operations.statuses import Status


@pytest.mark.parametrize("moment", [Execution.created_at, Execution.completed_at, Execution.duration])
@pytest.mark.parametrize("backward", [True, False])
def test_what_is_read_beside_a_source_ends_where_that_ends_whatever_the_order(
    moment: Moment | Duration, *, backward: bool
) -> None:
    def first_of_some(span: Span) -> Keys:
        some = span.where(Execution.status == Status.FAILED).lateral("some")
        return span.first_of(select(*some.c), *some.c)

    source = beside(first_of_some, Execution.error_message.is_not(None))
    segment = Segment(moment=moment, id=Execution.id, sources=(source,))

    statement = str(segment.keys(None, backward=backward, limit=50))

    assert "count(*) >= " in statement
