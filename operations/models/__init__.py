"""The tables of the control plane. Rows never leave `operations`; queries return frozen dataclasses instead."""

from operations.models.bulk import BulkOperation, BulkRow
from operations.models.commands import Approval, ApprovalRequest, Command
from operations.models.diagnosis import DiagnosisState
from operations.models.executions import Change, Execution, ExecutionEvent, ExecutionStep
from operations.models.metadata import Record
from operations.models.notes import Alert, Note, SavedView
from operations.models.reconciliation import ReconciliationFinding, ReconciliationPass, ReconciliationState
from operations.models.staff import ApiToken, AuditEntry, StaffAccount, StaffSession
from operations.models.tenants import Membership, Tenant, User
from operations.models.triage import Triage

__all__ = [
    "Alert",
    "ApiToken",
    "Approval",
    "ApprovalRequest",
    "AuditEntry",
    "BulkOperation",
    "BulkRow",
    "Change",
    "Command",
    "DiagnosisState",
    "Execution",
    "ExecutionEvent",
    "ExecutionStep",
    "Membership",
    "Note",
    "ReconciliationFinding",
    "ReconciliationPass",
    "ReconciliationState",
    "Record",
    "SavedView",
    "StaffAccount",
    "StaffSession",
    "Tenant",
    "Triage",
    "User",
]
