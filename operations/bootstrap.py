"""Composes the services once; nothing connects or reads the environment before it is called."""

import os
import socket
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from operations import kinds
from operations.actions.deploys import Deploys
from operations.actions.executions import Executions
from operations.actions.findings import Findings
from operations.actions.presenter import Presenter
from operations.actions.reconciliation import Reconciliation
from operations.actions.retries import Successors
from operations.actions.staff import Staff
from operations.actions.tenants import Tenants
from operations.actions.triage import Triage
from operations.bulk.bulks import Bulks
from operations.database import Database
from operations.deployments import Deployments
from operations.diagnosis.facts import Patience
from operations.kinds import Kind, Purpose
from operations.lookout import Lookout
from operations.outbox.deliverer import Deliverer
from operations.queries.approvals import ApprovalQueries
from operations.queries.attention import AttentionCounts
from operations.queries.bulks import BulkQueries
from operations.queries.customer_histories import CustomerHistories
from operations.queries.executions import ExecutionQueries
from operations.queries.groups import Groups
from operations.queries.histories import Histories
from operations.queries.intents import Intents
from operations.queries.reconciliation import ReconciliationQueries
from operations.queries.schemas import Schemas
from operations.queries.stage import Stage
from operations.queries.tenants import TenantQueries
from operations.queries.triage import TriageQueries
from operations.queries.truths import Truths
from operations.queries.usual_durations import UsualDurations
from operations.reconciliation.limits import Limits
from operations.reconciliation.passes import Reconciler
from operations.settings import FourEyes, Settings
from operations.temporal import Temporal

POOLS = {"console": 10, "worker": 5}  #: connections, at most; docs/deploying.md adds up what an installation needs
FEW = 2  #: for whoever asks one thing after the other


@dataclass(frozen=True, kw_only=True, slots=True)
class Reads:
    """What can be seen."""

    executions: ExecutionQueries
    tenants: TenantQueries
    intents: Intents
    reconciliation: ReconciliationQueries
    groups: Groups
    approvals: ApprovalQueries
    attention: AttentionCounts
    triage: TriageQueries
    bulks: BulkQueries
    stage: Stage
    histories: Histories
    customers: CustomerHistories
    schemas: Schemas
    usual: UsualDurations

    @classmethod
    def of(cls, database: Database, limits: Limits, *, four_eyes: frozenset[FourEyes]) -> Self:
        return cls(
            executions=ExecutionQueries(database=database, four_eyes=four_eyes),
            tenants=TenantQueries(database=database),
            intents=Intents(database=database),
            reconciliation=ReconciliationQueries(database=database, limits=limits),
            groups=Groups(database=database),
            approvals=ApprovalQueries(database=database),
            attention=AttentionCounts(database=database),
            triage=TriageQueries(database=database),
            bulks=BulkQueries(database=database),
            stage=Stage(database=database),
            histories=Histories(database=database),
            customers=CustomerHistories(database=database),
            schemas=Schemas(database=database),
            usual=UsualDurations(database=database),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Of all kinds, those that this installation makes and removes tenants by."""

    provisioning: Kind
    removing: Kind

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Raises `ConfigurationError`."""
        known = kinds.known()
        return cls(
            provisioning=known.chosen("TENANTRY_PROVISIONING", settings.provisioning, Purpose.PROVISION),
            removing=known.chosen("TENANTRY_DEPROVISIONING", settings.deprovisioning, Purpose.REMOVE),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What a door needs: actions by noun, reads, and the machinery behind them."""

    database: Database
    temporal: Temporal
    deliverer: Deliverer
    deploys: Deploys
    reconciler: Reconciler
    lookout: Lookout
    staff: Staff
    tenants: Tenants
    executions: Executions
    reconciliation: Reconciliation
    findings: Findings
    bulks: Bulks
    reads: Reads

    @classmethod
    def assemble(
        cls,
        database: Database,
        temporal: Temporal,
        *,
        name: str,
        task_queue: str,
        secret_key: str,
        deprovision_wait: float = 604_800,
        patience: Patience | None = None,
        four_eyes: frozenset[FourEyes] = frozenset(),
        limits: Limits | None = None,
        chosen: Chosen | None = None,
        bulk_rate: float = 1_000,
    ) -> Self:
        chosen = chosen or Chosen.of(Settings.model_construct())
        successors = Successors(task_queue=task_queue, four_eyes=four_eyes)
        deliverer = Deliverer(database=database, temporal=temporal, name=name, succeed=successors.succeed)
        reconciler = _reconciler(deliverer, task_queue, limits or Limits(), chosen)
        reads = Reads.of(database, reconciler.limits, four_eyes=four_eyes)
        executions = Executions(database=database, task_queue=task_queue, wake=deliverer.wake, four_eyes=four_eyes)
        lookout = Lookout.of(reconciler, reads.reconciliation, task_queue=task_queue, patience=patience)
        return cls(
            database=database,
            temporal=temporal,
            deliverer=deliverer,
            deploys=Deploys(database=database, deployments=Deployments.of(temporal, task_queue)),
            reconciler=reconciler,
            lookout=lookout,
            staff=Staff(database=database, secret_key=secret_key),
            tenants=Tenants(
                database=database,
                task_queue=task_queue,
                wake=deliverer.wake,
                provisioning=chosen.provisioning,
                removing=chosen.removing,
                deprovision_wait=deprovision_wait,
                four_eyes=four_eyes,
            ),
            executions=executions,
            reconciliation=Reconciliation(database=database, reconciler=reconciler),
            findings=replace(_findings(deliverer, task_queue, chosen, deprovision_wait), four_eyes=four_eyes),
            bulks=Bulks.of(executions, lookout.aware(reads.executions), rate=bulk_rate),
            reads=replace(
                reads, executions=lookout.aware(reads.executions), groups=lookout.aware_of_trouble(reads.groups)
            ),
        )

    @property
    def deployments(self) -> Deployments:
        """What Temporal knows of the builds of the workers."""
        return self.deploys.deployments

    @property
    def triage(self) -> Triage:
        return Triage(database=self.database)

    @property
    def truths(self) -> Truths:
        return Truths(database=self.database, executions=self.reads.executions, temporal=self.temporal)

    @property
    def presenter(self) -> Presenter:
        return Presenter(database=self.database, temporal=self.temporal, tenants=self.tenants)

    @classmethod
    async def connect(cls, settings: Settings, *, part: str) -> Self:
        """`part` (console, worker, cli) names this process in PostgreSQL, in claims and in the history.

        Raises `ConfigurationError` for what an installed package brings, or a setting names.
        """
        chosen = Chosen.of(settings)
        name = f"{part}@{socket.gethostname()}:{os.getpid()}"
        return cls.assemble(
            Database.at(settings.database_dsn, name=part, pool_size=POOLS.get(part, FEW)),
            await Temporal.connect_lazily(),
            name=name,
            task_queue=settings.task_queue,
            secret_key="" if settings.secret_key is None else settings.secret_key.get_secret_value(),
            deprovision_wait=settings.deprovision_wait,
            four_eyes=settings.four_eyes,
            bulk_rate=settings.bulk_rate,
            patience=Patience.within(settings.stuck_after, settings.slow_wait_after),
            chosen=chosen,
            limits=Limits(
                interval=settings.reconcile_interval,
                grace=settings.reconcile_grace,
                retention=timedelta(days=settings.reconcile_retention),
            ),
        )

    async def close(self) -> None:
        await self.database.close()


def _reconciler(deliverer: Deliverer, task_queue: str, limits: Limits, chosen: Chosen) -> Reconciler:
    """Of the same servers, and of the same name, as the deliverer that it wakes."""
    return Reconciler(
        database=deliverer.database,
        temporal=deliverer.temporal,
        name=deliverer.name,
        task_queue=task_queue,
        wake=deliverer.wake,
        limits=limits,
        provisioning=chosen.provisioning,
    )


def _findings(deliverer: Deliverer, task_queue: str, chosen: Chosen, deprovision_wait: float) -> Findings:
    return Findings(
        database=deliverer.database,
        temporal=deliverer.temporal,
        task_queue=task_queue,
        wake=deliverer.wake,
        provisioning=chosen.provisioning,
        deprovision_wait=deprovision_wait,
    )
