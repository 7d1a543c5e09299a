"""What must be true of bulk operations: each row has one effect and one result, and the numbers are the rows'."""

from tests.chaos.evidence import Evidence


async def no_bulk_operation_is_lost(evidence: Evidence) -> list[str]:
    complaints = []
    for id_, total in evidence.ledger.begun.items():
        found = [row["total"] for row in await evidence.ask("SELECT total FROM bulk_operations WHERE id = %s", id_)]
        if found != [total]:
            complaints.append(f"bulk {id_}: acknowledged with {total} rows, and there are {found}")
    return complaints + await evidence.complain(UNLOGGED, "not exactly once in the audit log, with these numbers")


# Its begin, and its end with what became of the rows.
UNLOGGED = """
    SELECT 'begin of bulk ' || b.id AS what FROM bulk_operations b
    WHERE (SELECT count(*) FROM audit_log a WHERE a.action = 'bulk.begin' AND a.target_id = b.id::text) <> 1
    UNION ALL
    SELECT 'end of bulk ' || b.id FROM bulk_operations b
    WHERE EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state <> 'skipped') AND (
        SELECT count(*) FROM audit_log a
        WHERE a.actor = 'system:bulk' AND a.action = 'bulk.' || b.state AND a.target_id = b.id::text AND a.after = (
            SELECT jsonb_build_object('done', count(*) FILTER (WHERE r.state = 'done'),
                                      'failed', count(*) FILTER (WHERE r.state = 'failed'),
                                      'skipped', count(*) FILTER (WHERE r.state = 'skipped'))
            FROM bulk_rows r WHERE r.bulk_id = b.id
        )
    ) <> 1
"""


async def every_bulk_operation_has_come_to_its_end(evidence: Evidence) -> list[str]:
    return await evidence.complain(OPEN, "has not come to its end")


OPEN = """
    SELECT 'bulk ' || b.id || ', which is ' || b.state AS what FROM bulk_operations b
    WHERE b.finished_at IS NULL OR b.state NOT IN ('finished', 'stopped')
       OR EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = b.id AND r.state IN ('left', 'sent'))
"""


async def each_bulk_row_has_one_effect_and_one_result(evidence: Evidence) -> list[str]:
    complaints = await evidence.complain(MISCOUNTED, "its rows are not those that it began with")
    complaints += await evidence.complain(UNTRUE, "its result is not what became of its command")
    complaints += await evidence.complain(UNLIKE, "what is kept of it is not what became of its rows")
    complaints += await evidence.complain(SEVERAL, "several rows claim one effect")
    return complaints + await evidence.complain(UNCLAIMED, "an effect that is that of no row")


MISCOUNTED = """
    SELECT 'bulk ' || b.id AS what FROM bulk_operations b LEFT JOIN bulk_rows r ON r.bulk_id = b.id
    GROUP BY b.id HAVING count(r.ordinal) <> b.total OR count(DISTINCT r.execution_id) <> b.total
"""
# What was skipped has no command, but for a step that went on before its own arrived. What was done has one of its
# own; a new attempt is one of that execution.
UNTRUE = """
    SELECT 'row ' || r.ordinal || ' of bulk ' || r.bulk_id || ', ' || r.state AS what
    FROM bulk_rows r JOIN bulk_operations b ON b.id = r.bulk_id LEFT JOIN commands c ON c.id = r.command_id
    LEFT JOIN workflow_executions n ON n.id = r.successor_id
    WHERE NOT coalesce(CASE r.state
        WHEN 'skipped' THEN r.successor_id IS NULL
             AND (r.command_id IS NULL OR (c.bulk_id = r.bulk_id AND c.kind = 'retry_step' AND c.state = 'failed'))
        ELSE c.bulk_id = r.bulk_id AND (c.state = 'delivered') = (r.state = 'done')
             AND c.execution_id = CASE c.kind WHEN 'start' THEN r.successor_id ELSE r.execution_id END
             AND (r.successor_id IS NULL OR n.retry_of = r.execution_id)
             AND c.kind = ANY (CASE b.action WHEN 'retry' THEN ARRAY['start', 'retry_step', 'replace']
                               WHEN 'cancel' THEN ARRAY['cancel'] WHEN 'terminate' THEN ARRAY['terminate']
                               ELSE ARRAY['decide'] END)
        END, false)
"""
# The results that are kept with the rows, and the numbers that are kept with the whole.
UNLIKE = """
    SELECT 'row ' || r.ordinal || ' of bulk ' || r.bulk_id || ', ' || r.state || ' and ' || r.result AS what
    FROM bulk_rows r
    WHERE (r.state = 'skipped') <> (r.result IN ('skipped', 'went_on')) OR r.state = 'failed' AND r.result <> 'failed'
    UNION ALL
    SELECT 'bulk ' || b.id FROM bulk_operations b
    WHERE b.counted <> (
        SELECT jsonb_build_object('done', count(*) FILTER (WHERE r.state = 'done'),
                                  'failed', count(*) FILTER (WHERE r.state = 'failed'),
                                  'skipped', count(*) FILTER (WHERE r.state = 'skipped'),
                                  'results', (SELECT jsonb_object_agg(result, number) FROM (
                                      SELECT result, count(*) AS number FROM bulk_rows WHERE bulk_id = b.id
                                      GROUP BY result) of_results))
        FROM bulk_rows r WHERE r.bulk_id = b.id HAVING count(*) > 0)
"""
SEVERAL = """
    SELECT 'command ' || command_id AS what FROM bulk_rows WHERE command_id IS NOT NULL
    GROUP BY command_id HAVING count(*) > 1
    UNION ALL
    SELECT 'attempt ' || successor_id FROM bulk_rows WHERE successor_id IS NOT NULL
    GROUP BY successor_id HAVING count(*) > 1
"""
UNCLAIMED = """
    SELECT c.kind || ' of ' || c.execution_id AS what FROM commands c
    WHERE c.bulk_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM bulk_rows r WHERE r.bulk_id = c.bulk_id AND r.command_id = c.id)
"""
