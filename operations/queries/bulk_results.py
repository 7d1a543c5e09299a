"""SQL that tells what became of the rows of a bulk operation."""

#: What became of rows whose turn is over, as far as is known now: of a retry, the outcome of its command; where the run
#: was replaced, that of the start of the new attempt. That no worker is there is said while it lasts. A step that was
#: to be tried now, and needed no push, went on by itself. `error` is what stands in the way of the run, or of the new
#: attempt, now. Goes on with WHERE; the row is `r`, its operation `b`.
KNOWN_NOW = """
    SELECT r.bulk_id, r.ordinal, CASE
        WHEN r.state = 'skipped' AND r.retry_kind = 'step' AND (r.command_id IS NOT NULL OR e.status = 'completed')
            THEN 'went_on'
        WHEN r.state <> 'done' THEN r.state
        WHEN b.action IN ('cancel', 'terminate') THEN
            CASE WHEN e.status IN ('completed', 'failed') THEN 'ended' ELSE 'watched' END
        WHEN b.action <> 'retry' THEN 'decided'
        WHEN coalesce(s.outcome, c.outcome) = 'not_done' THEN 'failed'
        WHEN coalesce(s.outcome, c.outcome, 'not_in_time') = 'not_in_time' AND coalesce(n.cause, e.cause) = 'no_worker'
            THEN 'no_worker'
        ELSE coalesce(s.outcome, c.outcome, 'watched') END AS result,
    CASE WHEN n.id IS NULL THEN coalesce(e.cause_detail, e.error_message)
         ELSE coalesce(n.cause_detail, n.error_message) END AS error
    FROM bulk_rows r JOIN bulk_operations b ON b.id = r.bulk_id
    LEFT JOIN workflow_executions e ON e.id = r.execution_id
    LEFT JOIN workflow_executions n ON n.id = r.successor_id
    LEFT JOIN commands c ON c.id = r.command_id
    LEFT JOIN commands s ON s.execution_id = r.successor_id AND s.kind = 'start'
"""
#: Of these, time brings another.
PASSING = ("left", "sent", "watched", "no_worker")
#: Of these, the error is why.
HELD_UP = ("failed_again", "failed_otherwise", "not_in_time", "no_worker")


_RESULTS = """
    SELECT r.ordinal, coalesce(r.result, r.state) AS result FROM bulk_rows r
    WHERE r.bulk_id = {bulk_id} AND (r.result IS NOT NULL OR r.settled_at IS NULL) {narrowed}
    UNION ALL
    SELECT ordinal, result FROM (
        {known_now} WHERE r.bulk_id = {bulk_id} AND r.result IS NULL AND r.settled_at IS NOT NULL {narrowed}
    ) known_now
"""


def results_of(bulk_id: str, narrowed: str = "") -> str:
    """`ordinal` and `result` of each row. What is known for good stands in the row, and is not put together again."""
    return _RESULTS.format(bulk_id=bulk_id, known_now=KNOWN_NOW, narrowed=narrowed)


def error_of(result: str, error: str) -> str:
    """Why a row with this result has not moved on; of others, none."""
    held_up = ", ".join(f"'{each}'" for each in HELD_UP)
    return f"CASE WHEN {result} IN ({held_up}) THEN left({error}, 500) END"
