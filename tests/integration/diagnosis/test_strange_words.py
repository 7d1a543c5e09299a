"""Whoever reaches Temporal writes there what he likes: it blinds the watcher for no run, and fills no row."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from psycopg import AsyncConnection
from temporalio import activity
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest
from temporalio.client import Client
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.exceptions import ApplicationError

from tests.integration.diagnosis.still_runs import Stage, working
from workbench.servers import eventually

HUGE = 3_000_000  #: characters; Temporal takes them
REFUSES = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'cannot be stored' USING ERRCODE = '22P05';
    END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON workflow_executions FOR EACH ROW
    WHEN (old.workflow_type = 'tenant_provisioning' AND old.requested_by = 'refused') EXECUTE FUNCTION refuse();
"""
STORED = """
    SELECT (SELECT length(evidence::text) FROM workflow_executions WHERE id = %s),
           (SELECT max(length(detail::text)) FROM execution_events WHERE execution_id = %s)
"""


@pytest.mark.parametrize("reason", ["x\x00", "why? " + "y" * HUGE], ids=["with a NUL", "of millions of characters"])
async def test_a_pause_is_named_whatever_its_reason_and_so_are_the_others(stage: Stage, reason: str) -> None:
    id_, handle = await stage.start("failing")
    other = await stage.add_row()
    pause = PauseActivityRequest(
        namespace="default",
        execution=WorkflowExecution(workflow_id=handle.id),
        identity="mallory",
        type="create_schema",
        reason=reason,
    )
    async with working(stage):
        await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_retrying")
        await stage.client.workflow_service.pause_activity(pause)
        paused = await eventually(lambda: stage.named(id_), lambda row: row.cause == "step_paused")
        gone = await eventually(lambda: stage.named(other), lambda row: row.cause == "gone")

    assert paused.cause_detail is not None
    assert paused.cause_detail.startswith(f"“Create schema” was paused by mallory: “{reason[:1]}")
    assert len(paused.cause_detail) < 1000
    assert gone.health == "drift"
    async with await AsyncConnection.connect(stage.services.database.dsn) as connection:
        lengths = await (await connection.execute(STORED, (id_, id_))).fetchone()
    assert lengths is not None
    assert all(length < 2000 for length in lengths)


async def test_a_row_that_cannot_be_stored_costs_neither_the_others_nor_the_round(stage: Stage) -> None:
    ids = [await stage.add_row() for _ in range(5)]
    refused = ids[2]
    await stage.sql("UPDATE workflow_executions SET requested_by = 'refused' WHERE id = %s", refused)
    await stage.sql(REFUSES)
    before = left_out()

    async with working(stage):
        await eventually(lambda: stage.named(ids[-1]), lambda row: row.cause == "gone")
        seen = [(await stage.seen(each)).cause for each in ids]

    assert seen == ["gone", "gone", None, "gone", "gone"]
    assert left_out() > before


async def test_a_failure_that_cannot_be_read_costs_the_others_nothing(stage: Stage, temporal_address: str) -> None:
    @activity.defn(name="create_schema")
    async def fail() -> None:
        raise ApplicationError("permission denied", "in a code of their own")

    id_, _ = await stage.start("failing")
    other = await stage.add_row()
    theirs = await Client.connect(
        temporal_address, data_converter=replace(DataConverter.default, payload_codec=Strange())
    )
    async with working(stage, client=theirs, activities=[fail]):
        await eventually(lambda: stage.named(id_), lambda row: row.cause is not None)
        gone = await eventually(lambda: stage.named(other), lambda row: row.cause == "gone")

    assert gone.health == "drift"


class Strange(PayloadCodec):
    """What nobody else can read."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload(metadata={"encoding": b"strange"}, data=each.SerializeToString()) for each in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload.FromString(each.data) if each.metadata.get("encoding") == b"strange" else each for each in payloads
        ]


def left_out() -> float:
    return REGISTRY.get_sample_value("tenantry_diagnosis_left_out_total") or 0
