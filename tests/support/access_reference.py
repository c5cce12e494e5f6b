"""The RBAC authorizer, plain and slow, on Kubernetes objects: what the fast way is compared with.

Follows kubernetes ``plugin/pkg/auth/authorizer/rbac/rbac.go`` and ``pkg/registry/rbac/validation/rule.go``.
"""

from collections.abc import Iterator

MASTERS = "system:masters"


def allowed(objects: list[dict], request: dict) -> bool:
    """Whether a request (user, groups, verb, group, resource, subresource, namespace, name, path) is allowed."""
    if MASTERS in request["groups"]:
        return True
    return any(rule_allows(rule, request) for rule in rules_for(objects, request))


def rules_for(objects: list[dict], request: dict) -> Iterator[dict]:
    namespace = "" if request["path"] else request["namespace"]
    for binding in objects:
        if binding["kind"] == "ClusterRoleBinding":
            scope = ""
        elif binding["kind"] == "RoleBinding" and namespace and binding["metadata"]["namespace"] == namespace:
            scope = namespace
        else:
            continue
        if any(applies(subject, request, scope) for subject in binding.get("subjects") or []):
            yield from rules_of(objects, binding["roleRef"], scope)


def applies(subject: dict, request: dict, scope: str) -> bool:
    if subject["kind"] == "User":
        return subject["name"] == request["user"]
    if subject["kind"] == "Group":
        return subject["name"] in request["groups"]
    if subject["kind"] == "ServiceAccount":
        namespace = subject.get("namespace") or scope
        return bool(namespace) and request["user"] == f"system:serviceaccount:{namespace}:{subject['name']}"
    return False


def rules_of(objects: list[dict], reference: dict, scope: str) -> list[dict]:
    for role in objects:
        if role["kind"] not in ("Role", "ClusterRole") or role["kind"] != reference["kind"]:
            continue
        home = "" if role["kind"] == "ClusterRole" else role["metadata"]["namespace"]
        wanted = "" if role["kind"] == "ClusterRole" else scope
        if role["metadata"]["name"] == reference["name"] and home == wanted:
            return role.get("rules") or []
    return []


def rule_allows(rule: dict, request: dict) -> bool:
    verbs = rule.get("verbs") or []
    if "*" not in verbs and request["verb"] not in verbs:
        return False
    if request["path"]:
        return any(url_allows(url, request["path"]) for url in rule.get("nonResourceURLs") or [])
    groups = rule.get("apiGroups") or []
    names = rule.get("resourceNames") or []
    return (
        ("*" in groups or request["group"] in groups)
        and any(resource_allows(resource, request) for resource in rule.get("resources") or [])
        and (not names or request["name"] in names)
    )


def resource_allows(resource: str, request: dict) -> bool:
    sub = request["subresource"]
    combined = f"{request['resource']}/{sub}" if sub else request["resource"]
    return resource in ("*", combined) or (bool(sub) and resource == f"*/{sub}")


def url_allows(url: str, path: str) -> bool:
    return url == path or (url.endswith("*") and path.startswith(url.rstrip("*")))


def gathered(objects: list[dict]) -> list[dict]:
    """The objects with the rules that the aggregation controller would write, round by round until nothing changes."""
    objects = [dict(thing) for thing in objects]
    while True:
        before = [thing.get("rules") for thing in objects]
        for role in objects:
            if role["kind"] == "ClusterRole" and role.get("aggregationRule") is not None:
                role["rules"] = _gather(objects, role)
        if [thing.get("rules") for thing in objects] == before:
            return objects


def _gather(objects: list[dict], role: dict) -> list[dict]:
    rules: list[dict] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or []:
        for other in sorted((thing for thing in objects if thing["kind"] == "ClusterRole"),
                            key=lambda thing: thing["metadata"]["name"]):
            if other is not role and meets(other["metadata"].get("labels") or {}, selector):
                rules += [rule for rule in other.get("rules") or [] if rule not in rules]
    return rules


def meets(labels: dict[str, str], selector: dict) -> bool:
    """Whether labels meet a label selector."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for asked in selector.get("matchExpressions") or []:
        key, values = asked["key"], asked.get("values") or []
        met = {
            "In": labels.get(key) in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[asked["operator"]]
        if not met:
            return False
    return True
