"""Tables of scanner and sensor output: findings (states), events, and the scans that they come from.

A row is a struct of `auditkit.scans.model`, made from these declarations: its fields are named like the columns.
"""

from auditkit.tables.model import Column, Rows, Table


def _text(name: str, doc: str) -> Column:
    return Column(name, "string", name, doc)


def _object() -> tuple[Column, ...]:
    """Where in the cluster it is, as far as the tool says."""
    return (
        _text("cluster", "name of the cluster as the tool says; <NA>: it does not say"),
        _text("api_group", "API group of the object; the empty string is the core group"),
        _text("kind", "kind of the object, as in Kubernetes"),
        _text("namespace", "namespace of the object; <NA>: it has none, or the tool does not say"),
        _text("name", "name of the object"),
        _text("uid", "UID of the object"),
        _text("container", "name of the container"),
        _text("image", "image reference as the tool says"),
        _text("image_digest", "digest of the image's manifest: sha256:...; where image_id is the same, the tool does "
              "not say which of the two it is"),
        _text("image_id", "ID of the image, which is the digest of its configuration and never that of its manifest"),
        _text("node", "name of the node"),
    )


_TOOL = _text("tool", "who says it: the tool, or the engine that a report names")
_SCAN = _text("scan", "key of its row in the table scans")
_SEVERITY = (
    _text("severity", "critical, high, medium, low, info or unknown"),
    _text("tool_severity", "the tool's own word for it"),
)

MAX_AGE_DAYS = 30
"""For how many days before the snapshot it counts what a tool says, where a control does not say otherwise."""

MAX_AGE_DAYS_OF = {"kube-bench": 90}
"""Of tools that look at what changes only with the nodes themselves."""

FINDINGS = Table(
    "findings", "what scanners found: one row a rule on an object", (Rows("findings"),),
    (
        _TOOL,
        _text("tool_version", "version of the tool"),
        _text("rule", "the rule as the tool calls it"),
        _text("rule_id", "the rule normalised, so that one rule has one name whoever writes it"),
        _text("title", "title of the rule"),
        _text("status", "pass, fail, warn, manual, skip, accepted, error or unknown"),
        _text("tool_status", "the tool's own word for it"),
        *_SEVERITY,
        *_object(),
        _text("message", "what the tool says of this object; never matched text, code or arguments"),
        _text("remedy", "what the tool advises"),
        _text("package", "package with the vulnerability or licence"),
        _text("installed_version", "version of the package in the image"),
        _text("fixed_version", "versions of the package without the vulnerability"),
        _text("category", "vulnerability, misconfiguration, secret, license, rbac, compliance, policy …"),
        _text("enforcement", "what the policy does on admission: deny, warn, dryrun, audit, enforce"),
        Column("seen", "timestamp", "seen", "when the tool saw it, as it says"),
        Column("accepted_until", "timestamp", "accepted_until", "until when it is accepted; <NA>: without an end, or "
               "the tool does not say"),
        Column("data_time", "timestamp", "data_time", "of which time the tool's data on vulnerabilities are"),
        _SCAN,
    ),
    ("scan", "rule", "kind", "namespace", "name", "container", "package"), kind="kind", called=("name", "container"),
)

REFERENCES = Table(
    "finding_references", "framework references that a tool itself ties to its rules", (Rows("finding_references"),),
    (
        _TOOL,
        _text("rule", "the rule as the tool calls it"),
        _text("framework", "the framework as the tool calls it"),
        _text("reference", "the requirement of it"),
        _SCAN,
    ),
    ("scan", "rule", "framework", "reference"),
)

EVENTS = Table(
    "events", "what happened: runtime alerts, and requests in audit logs", (Rows("events"),),
    (
        _TOOL,
        Column("time", "timestamp", "time", "when it happened"),
        _text("rule", "the rule that fired; <NA> in audit logs"),
        *_SEVERITY,
        _text("source", "where the tool saw it: syscall, k8s_audit, request, response …"),
        _text("user", "who did it: the authenticated user"),
        _text("impersonated_user", "as whom it was done"),
        _text("groups", "groups of the user, parted by commas"),
        _text("impersonated_groups", "groups as which it was done, parted by commas"),
        _text("verb", "verb or operation"),
        _text("api_group", "API group of the object; the empty string is the core group"),
        _text("resource", "resource of the request"),
        _text("subresource", "subresource of the request"),
        _text("path", "path of the request, without what was asked of it; in Vault the path of the secret"),
        _text("kind", "kind of the object"),
        _text("namespace", "namespace of the object"),
        _text("name", "name of the object"),
        _text("container", "name of the container"),
        _text("image", "image reference as the tool says"),
        _text("node", "name of the node"),
        _text("cluster", "name of the cluster as the tool says; <NA>: it does not say"),
        Column("code", "int64", "code", "HTTP status of the response"),
        _text("decision", "allow or forbid, as the authoriser decided"),
        _text("reason", "why it decided so: in RBAC the binding, the role and the subject"),
        _text("level", "level of the audit policy: Metadata, Request, RequestResponse"),
        _text("stage", "stage of the request: RequestReceived, ResponseStarted, ResponseComplete, Panic"),
        _text("audit_id", "identifier of the request, shared by its stages"),
        _text("source_ip", "address that it came from, the first where there are several"),
        _text("user_agent", "user agent of the client"),
        _text("message", "what is said of it; never arguments, bodies or output that can hold credentials"),
        _SCAN,
    ),
    ("scan", "audit_id", "stage", "time", "rule"), kind="kind", called=("name", "container"),
)

SCANS = Table(
    "scans", "each scan that was read, where it came from, and what it lacks", (Rows("scans"),),
    (
        _text("scan", "key of the scan: tool and file"),
        _text("tool", "the tool whose output it is"),
        _text("tool_version", "version of the tool"),
        _text("file", "file as it was named, or cluster"),
        _text("sha256", "SHA-256 of the file as it lies there"),
        Column("bytes", "int64", "bytes", "size of the file"),
        Column("time", "timestamp", "time", "when the scan was made, as it says; <NA>: it does not say"),
        Column("file_time", "timestamp", "file_time", "when the file was last written: the scan is not newer"),
        _text("cluster", "name of the cluster as the tool says"),
        Column("items", "int64", "items", "lines, documents or objects that were read"),
        Column("findings", "int64", "findings", "findings in it"),
        Column("events", "int64", "events", "events in it"),
        Column("truncated", "boolean", "truncated", "it is known to lack something"),
        Column("missing", "int64", "missing", "how many results it says there are but does not list"),
        _text("reason", "what it lacks, and why"),
    ),
    ("scan",), called=("file", "tool"),
)

TABLES = (SCANS, FINDINGS, REFERENCES, EVENTS)
