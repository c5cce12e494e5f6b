"""Tables of scanner and sensor output: findings (states), events, and the scans that they come from.

A row is a struct of `auditkit.scans.model`, made from these declarations: its fields are named like the columns.
"""

from auditkit.tables.model import Column, Rows, Table


def _text(name: str, doc: str) -> Column:
    return Column(name, "string", name, doc)


def _object() -> tuple[Column, ...]:
    """Where in the cluster it is, as far as the tool says."""
    return (
        _text("cluster", "name of the cluster according to the tool; <NA>: not stated"),
        _text("api_group", "API group of the object; the empty string is the core group"),
        _text("kind", "kind of the object, as in Kubernetes"),
        _text("namespace", "namespace of the object; <NA>: none, or not stated"),
        _text("name", "name of the object"),
        _text("uid", "UID of the object"),
        _text("container", "name of the container"),
        _text("image", "image reference according to the tool"),
        _text("image_digest", "digest of the image's manifest: sha256:...; where image_id is the same, the tool does "
              "not say which of the two it is"),
        _text("image_id", "ID of the image, which is the digest of its configuration and never that of its manifest"),
        _text("node", "name of the node"),
    )


_TOOL = _text("tool", "source of the finding: the tool, or the engine that a report names")
_SCAN = _text("scan", "key of its row in the table scans")
_SEVERITY = (
    _text("severity", "critical, high, medium, low, info or unknown"),
    _text("tool_severity", "the word that the tool uses"),
)

MAX_AGE_DAYS = 30
"""For how many days before the snapshot it counts what a tool says, where a control does not say otherwise."""

MAX_AGE_DAYS_OF = {"kube-bench": 90}
"""Of tools that look at what changes only with the nodes themselves."""

FINDINGS = Table(
    "findings", "findings of scanners: one row for each rule on an object", (Rows("findings"),),
    (
        _TOOL,
        _text("tool_version", "version of the tool"),
        _text("rule", "name of the rule in the tool"),
        _text("rule_id", "normalised rule name, the same for all tools"),
        _text("title", "title of the rule"),
        _text("status", "pass, fail, warn, manual, skip, accepted, error or unknown"),
        _text("tool_status", "the word that the tool uses"),
        *_SEVERITY,
        *_object(),
        _text("message", "message of the tool on this object; never matched text, code or arguments"),
        _text("remedy", "remediation that the tool suggests"),
        _text("package", "package with the vulnerability or licence"),
        _text("installed_version", "version of the package in the image"),
        _text("fixed_version", "versions of the package without the vulnerability"),
        _text("category", "vulnerability, misconfiguration, secret, license, rbac, compliance, policy …"),
        _text("enforcement", "what the policy does on admission: deny, warn, dryrun, audit, enforce"),
        Column("seen", "timestamp", "seen", "time of the observation according to the tool"),
        Column("accepted_until", "timestamp", "accepted_until", "until when it is accepted; <NA>: without an end, or "
               "the tool does not say"),
        Column("data_time", "timestamp", "data_time", "date of the tool's vulnerability data"),
        _SCAN,
    ),
    ("scan", "rule", "kind", "namespace", "name", "container", "package"), kind="kind", called=("name", "container"),
)

REFERENCES = Table(
    "finding_references", "framework references that a tool gives for its rules", (Rows("finding_references"),),
    (
        _TOOL,
        _text("rule", "name of the rule in the tool"),
        _text("framework", "name of the framework in the tool"),
        _text("reference", "requirement of the framework"),
        _SCAN,
    ),
    ("scan", "rule", "framework", "reference"),
)

EVENTS = Table(
    "events", "events: runtime alerts, and requests in audit logs", (Rows("events"),),
    (
        _TOOL,
        Column("time", "timestamp", "time", "when it happened"),
        _text("rule", "the rule that fired; <NA> in audit logs"),
        *_SEVERITY,
        _text("source", "event source: syscall, k8s_audit, request, response …"),
        _text("user", "the authenticated user"),
        _text("impersonated_user", "the impersonated user"),
        _text("groups", "groups of the user, separated by commas"),
        _text("impersonated_groups", "the impersonated groups, separated by commas"),
        _text("verb", "verb or operation"),
        _text("api_group", "API group of the object; the empty string is the core group"),
        _text("resource", "resource of the request"),
        _text("subresource", "subresource of the request"),
        _text("path", "path of the request, without its query; for Vault the path of the secret"),
        _text("kind", "kind of the object"),
        _text("namespace", "namespace of the object"),
        _text("name", "name of the object"),
        _text("container", "name of the container"),
        _text("image", "image reference according to the tool"),
        _text("node", "name of the node"),
        _text("cluster", "name of the cluster according to the tool; <NA>: not stated"),
        Column("code", "int64", "code", "HTTP status of the response"),
        _text("decision", "decision of the authorizer: allow or forbid"),
        _text("reason", "reason for the decision: for RBAC the binding, the role and the subject"),
        _text("level", "level of the audit policy: Metadata, Request, RequestResponse"),
        _text("stage", "stage of the request: RequestReceived, ResponseStarted, ResponseComplete, Panic"),
        _text("audit_id", "identifier of the request, shared by its stages"),
        _text("source_ip", "source address; the first if there are several"),
        _text("user_agent", "user agent of the client"),
        _text("message", "message; never arguments, bodies or output that can contain credentials"),
        _SCAN,
    ),
    ("scan", "audit_id", "stage", "time", "rule"), kind="kind", called=("name", "container"),
)

SCANS = Table(
    "scans", "scans that were read, with their origin and their gaps", (Rows("scans"),),
    (
        _text("scan", "key of the scan: tool and file"),
        _text("tool", "tool that wrote the output"),
        _text("tool_version", "version of the tool"),
        _text("file", "file name, or cluster"),
        _text("sha256", "SHA-256 of the file"),
        Column("bytes", "int64", "bytes", "size of the file"),
        Column("time", "timestamp", "time", "time of the scan according to the file; <NA>: not stated"),
        Column("file_time", "timestamp", "file_time", "modification time of the file: the scan is not newer"),
        _text("cluster", "name of the cluster according to the tool"),
        Column("items", "int64", "items", "lines, documents or objects that were read"),
        Column("findings", "int64", "findings", "findings in it"),
        Column("events", "int64", "events", "events in it"),
        Column("truncated", "boolean", "truncated", "true if the scan is known to be incomplete"),
        Column("missing", "int64", "missing", "number of results that it counts but does not list"),
        _text("reason", "what is missing, and why"),
    ),
    ("scan",), called=("file", "tool"),
)

AUDIT_POLICY = Table(
    "audit_policy",
    "rules of the API server's audit policy: one row for each rule, and one for each thing that it names",
    (Rows("audit_policy"),),
    (
        _TOOL,
        Column("rule", "int64", "rule", "position of the rule; the first that matches a request decides"),
        _text("level", "level at which it logs: None, Metadata, Request, RequestResponse"),
        _text("what", "what the row is: the rule itself, a user, user group, verb, namespace, resource or url that it "
              "is limited to, or an omitted stage"),
        _text("value", "the name, resource (<NA>: all of the group), path or stage"),
        _text("api_group", "API group of the resource; the empty string is the core group"),
        _text("name", "name of the object that the resource is limited to; <NA>: all"),
        _SCAN,
    ),
    ("scan", "rule", "what", "value", "api_group", "name"),
)

TABLES = (SCANS, FINDINGS, REFERENCES, EVENTS, AUDIT_POLICY)
