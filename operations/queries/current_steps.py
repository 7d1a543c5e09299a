"""At which step an open run is: the one under way, or between two steps the one that is done and the one to come.

The row keeps pointing at a step that has ended until the next one begins, however long something is waited for.
"""

from sqlalchemy import String, and_, case, column, exists, func, literal, select

from operations.models import Execution, ExecutionStep
from operations.queries.narrowing import OPEN_STATUSES
from operations.statuses import StepStatus

_STATUS = (
    select(ExecutionStep.status)
    .where(ExecutionStep.execution_id == Execution.id, ExecutionStep.name == Execution.current_step)
    .order_by(ExecutionStep.ordinal.desc())
    .limit(1)
    .correlate(Execution)
    .scalar_subquery()
)
_IS_BETWEEN = and_(Execution.status.in_(sorted(OPEN_STATUSES)), _STATUS == StepStatus.COMPLETED)

_STEPS = Execution.input["steps"]
_PLANNED = (
    func.jsonb_array_elements_text(case((func.jsonb_typeof(_STEPS) == "array", _STEPS)))
    .table_valued(column("name", String), with_ordinality="place")
    .render_derived()
)
#: The first of its plan that has not begun; None where that is not known.
_NEXT = (
    select(_PLANNED.c.name)
    .where(
        ~exists()
        .where(ExecutionStep.execution_id == Execution.id, ExecutionStep.name == _PLANNED.c.name)
        .correlate(Execution, _PLANNED)
    )
    .order_by(_PLANNED.c.place)
    .limit(1)
    .correlate(Execution)
    .scalar_subquery()
)

DONE = case((_IS_BETWEEN, Execution.current_step), else_=literal(None, String))
SHOWN = case((_IS_BETWEEN, _NEXT), else_=Execution.current_step)
