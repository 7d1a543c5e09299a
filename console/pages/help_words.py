"""The words of the console, each in a sentence, for the page Help."""

from collections.abc import Mapping

from console.components.badges import Sign, Tone
from operations.queries.reconciliation_views import Standing
from operations.statuses import Role, StepStatus, TenantStatus

#: By the word that pages show: statuses of executions, and how failed ones ended.
EXECUTIONS: Mapping[str, str] = {
    "pending": "It was asked for, and Temporal has not confirmed yet that it started.",
    "running": "Temporal works on it. What it waits for, or what hinders it, stands beside this word.",
    "completed": "It ended well.",
    "failed": "It ended with an error, or could not be started. Retry makes a new attempt.",
    "rejected": "A person said no, or nobody decided in time.",
    "cancelled": "Somebody asked it to end; it cleaned up and ended.",
    "terminated": "Somebody ended it by force. Nothing was cleaned up.",
    "timed_out": "It took longer than it may.",
}
#: The edge of a row has the colour of its second badge; a run that goes on as it should has none.
SIGNS: Mapping[Sign, str] = {
    Sign(tone=Tone.STUCK, word="Stuck 42 min"): "It has made no progress for too long. Its cause says why.",
    Sign(tone=Tone.DRIFT, word="Drift"): "The database and Temporal say different things about it.",
    Sign(tone=Tone.RETRYING, word="Retrying ×27"): "A step failed so many times, and is tried again by itself.",
    Sign(tone=Tone.RETRYING, word="Slow"): "It moves, and takes longer than usual.",
    Sign(tone=Tone.WAITING, word="Waiting for approval"): "A person has to decide before it goes on.",
    Sign(tone=Tone.PLANNED, word="Until 4 Dec 23:19"): "It sleeps, and goes on by itself at that time.",
    Sign(tone=Tone.UNKNOWN, word="Unknown"): "Nothing could be learned about it.",
}
STEPS: Mapping[StepStatus, str] = {
    StepStatus.RUNNING: "A worker is at it.",
    StepStatus.RETRYING: "The last try failed, and Temporal tries again by itself.",
    StepStatus.COMPLETED: "It is done, and is not done again.",
    StepStatus.FAILED: "It failed for good: no further try follows.",
    StepStatus.CANCELED: "It ended because its execution was cancelled.",
}
TENANTS: Mapping[TenantStatus, str] = {
    TenantStatus.PROVISIONING: "The customer is being set up and cannot work yet.",
    TenantStatus.ACTIVE: "The customer can work.",
    TenantStatus.FAILED: "Setting the customer up did not succeed. Retry the execution.",
    TenantStatus.DEPROVISIONING: "The customer leaves. Until the moment shown on its page, it can be kept.",
    TenantStatus.DROPPING: "Its data is being deleted; it is too late to keep the customer.",
    TenantStatus.DELETED: "Its data is gone. The slug is never used again.",
}
FINDINGS: Mapping[Standing, str] = {
    Standing.OPEN: "Something is left to do. The card says what we recommend.",
    Standing.IGNORED: "It still stands, and somebody decided to let it be.",
    Standing.SETTLED: "It is over: a pass or a person corrected it, or it went away.",
}
ROLES: Mapping[Role, str] = {
    Role.VIEWER: "Sees everything and changes nothing.",
    Role.SUPPORT: "Registers tenants and retries what failed.",
    Role.OPERATOR: "Also approves, cancels, terminates, deprovisions and settles findings.",
    Role.ADMIN: "Also looks after accounts and tokens.",
}
GLOSSARY: Mapping[str, str] = {
    "Tenant": "A customer: a name, an owner, a plan and a database schema of its own.",
    "Execution": "One attempt to do something for a tenant, such as to provision it. Retry makes a new attempt.",
    "Step": "A part of an execution, such as creating the schema.",
    "Try": "One go at a step. Temporal tries again by itself, with longer and longer pauses.",
    "Cause": "Why an execution does not move or how it ended, in words.",
    "Approval": "A decision that some executions wait for. It is made on the page of the execution, with a reason.",
    "Temporal": "The system that carries executions out and remembers where they are.",
    "Worker": "The process that does the work of steps. Without one, executions wait; nothing is lost.",
    "Reconciliation": "Compares the database with Temporal, again and again, and corrects what it can.",
    "Pass": "One such comparison.",
    "Finding": "A difference that a pass found. Some are corrected at once, others need a person.",
    "Plan": "What the customer bought. Enterprise waits for an approval before anything is created.",
}
#: In the directory `docs` beside the program, with what each is about.
DOCUMENTS: Mapping[str, str] = {
    "operating.md": "running an installation: alarms, backups, what to do when something is away",
    "reconciliation.md": "what passes compare, decide and leave to people",
    "deploying.md": "putting a new version into service",
    "persistence.md": "what is kept where, and for how long",
    "extending.md": "adding kinds of workflow of your own",
}
