"""What Istio lets in, worked out the plain way: one connection and one policy at a time.

Written from the same sources as the code under test, and without any of it. A connection may come with an identity or
in plain text; each way is judged by itself.
"""

from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

ROOT = "istio-system"


def let_in(source: dict, destination: dict, port: int, policies: list[dict], *, identity: bool) -> bool:
    """Whether the proxy of a meshed pod lets a connection in. Pods: namespace, account, labels, address."""
    if not identity and mode(destination, port, policies) == "STRICT":
        return False
    if identity and mode(destination, port, policies) == "DISABLE":
        return False
    ours = [one for one in policies if one["kind"] == "AuthorizationPolicy" and _is_for(one, destination)]
    by_action = {action: [one for one in ours if one["spec"].get("action", "ALLOW") == action]
                 for action in ("ALLOW", "DENY")}
    hits = {action: any(_matches(one, source, port, identity=identity) for one in found)
            for action, found in by_action.items()}
    return not hits["DENY"] and (hits["ALLOW"] or not by_action["ALLOW"])


def mode(pod: dict, port: int, policies: list[dict]) -> str:
    """The mode of a port by the PeerAuthentications."""
    found = sorted((one for one in policies if one["kind"] == "PeerAuthentication"),
                   key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))
    mine = [one for one in found if one["metadata"]["namespace"] == pod["namespace"]]
    workload = next((one for one in mine if _labels(one) and _is_for(one, pod)), None)
    space = next((one for one in mine if not _labels(one)), None)
    whole = "PERMISSIVE"
    for one in (space, workload):
        said = (one or {"spec": {}})["spec"].get("mtls", {}).get("mode", "UNSET")
        whole = whole if said == "UNSET" else said
    ports = (workload or {"spec": {}})["spec"].get("portLevelMtls", {})
    said = ports.get(str(port), {}).get("mode", "UNSET")
    return whole if said == "UNSET" else said


def _labels(policy: dict) -> dict:
    return policy["spec"].get("selector", {}).get("matchLabels", {})


def _is_for(policy: dict, pod: dict) -> bool:
    return policy["metadata"]["namespace"] == pod["namespace"] and _labels(policy).items() <= pod["labels"].items()


def _matches(policy: dict, source: dict, port: int, *, identity: bool) -> bool:
    return any(
        any(_is_source(one["source"], source, policy["metadata"]["namespace"], identity=identity)
            for one in rule.get("from", [])) | ("from" not in rule)
        and any(_is_port(one["operation"], port) for one in rule.get("to", [])) | ("to" not in rule)
        for rule in policy["spec"].get("rules", []))


def _is_source(fields: dict, source: dict, own: str, *, identity: bool) -> bool:
    principal = f"cluster.local/ns/{source['namespace']}/sa/{source['account']}" if identity else ""
    of_account = f"{source['namespace']}/{source['account']}" if identity else ""
    asked = {
        "principals": lambda value: bool(principal) and fnmatchcase(principal, value),
        "namespaces": lambda value: identity and fnmatchcase(source["namespace"], value),
        "serviceAccounts": lambda value: of_account == (value if "/" in value else f"{own}/{value}"),
        "ipBlocks": lambda value: ip_address(source["address"]) in ip_network(value, strict=False),
    }
    for name, values in fields.items():
        negated = name.startswith("not")
        field = name[3].lower() + name[4:] if negated else name
        if any(asked[field](value) for value in values) == negated:
            return False
    return True


def _is_port(fields: dict, port: int) -> bool:
    return (str(port) in fields["ports"] if "ports" in fields else True) and str(port) not in fields.get("notPorts", [])
