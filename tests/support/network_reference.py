"""Network policies the plain, slow way: one pair of endpoints, one port, straight from the objects.

Written from the API's documentation, without anything of the package. An endpoint is a pod, a node or an address.
An answer is ``True``, ``False`` or ``None`` (not known).
"""

import ipaddress
from itertools import groupby, permutations

WAYS = {"ingress": "from", "egress": "to"}


class Cluster:
    """Kubernetes objects to ask."""

    def __init__(self, objects: list[dict]):
        self.of = {kind: [thing for thing in objects if thing["kind"] == kind] for kind in {o["kind"] for o in objects}}
        self.spaces = {thing["metadata"]["name"]: {"kubernetes.io/metadata.name": thing["metadata"]["name"]}
                       | thing["metadata"].get("labels", {}) for thing in self.of.get("Namespace", [])}

    # --- endpoints ------------------------------------------------------------------------------------------------

    def namespace_labels(self, pod: dict) -> dict:
        name = pod["metadata"]["namespace"]
        return self.spaces.get(name, {"kubernetes.io/metadata.name": name})

    @staticmethod
    def is_pod(end: dict | str) -> bool:
        """A pod to policies: one on its node's network is the node to them."""
        return isinstance(end, dict) and end["kind"] == "Pod" and not end["spec"].get("hostNetwork")

    @staticmethod
    def node_of(end: dict | str) -> str | None:
        if isinstance(end, str):
            return None
        return end["metadata"]["name"] if end["kind"] == "Node" else end["spec"].get("nodeName")

    @staticmethod
    def address(end: dict | str) -> str | None:
        if isinstance(end, str):
            return end
        if end["kind"] == "Node":
            return next((a["address"] for a in end["status"]["addresses"] if a["type"] == "InternalIP"), None)
        return end["status"].get("podIP") or (end["status"].get("hostIP") if end["spec"].get("hostNetwork") else None)

    # --- one direction --------------------------------------------------------------------------------------------

    def verdict(self, direction: str, source: dict | str, destination: dict | str, protocol: str, port: int):
        """Whether the policies of the destination (ingress) or of the source (egress) let it through."""
        subject, peer = (destination, source) if direction == "ingress" else (source, destination)
        if source is destination:
            return True
        if direction == "ingress" and isinstance(source, dict) and not self.is_pod(source) \
                and self.node_of(source) and self.node_of(source) == self.node_of(destination):
            return True
        if not self.is_pod(subject):
            return True
        ask = (direction, subject, peer, destination, protocol, port)
        outcomes = {verdict for way in self.orders("Admin") for verdict in self.tier(way, ask)}
        found = outcomes - {"pass"}
        if "pass" in outcomes:
            picked = [policy for policy in self.of.get("NetworkPolicy", []) if self.isolates(policy, direction, subject)]
            if picked:
                found |= self.granted(picked, ask)
            else:
                base = {verdict for way in self.orders("Baseline") for verdict in self.tier(way, ask)}
                found |= {"allow" if verdict == "pass" else verdict for verdict in base}
        return None if len(found) > 1 else found == {"allow"}

    def orders(self, tier: str) -> list[list[dict]]:
        """Every order in which the policies of a tier may be asked: those of one priority may go either way."""
        policies = [policy for kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
                    for policy in self.of.get(kind, []) if self.tier_of(policy) == tier]
        by = sorted(policies, key=lambda policy: policy["spec"].get("priority", 0))
        orders: list[list[dict]] = [[]]
        for _, same in groupby(by, key=lambda policy: policy["spec"].get("priority", 0)):
            orders = [order + list(some) for some in permutations(same) for order in orders]
        return orders

    @staticmethod
    def tier_of(policy: dict) -> str:
        return {"AdminNetworkPolicy": "Admin", "BaselineAdminNetworkPolicy": "Baseline"}.get(
            policy["kind"], policy["spec"].get("tier"))

    def tier(self, policies: list[dict], ask: tuple) -> set[str]:
        """allow, deny or pass (also: nothing matched), and more than one where it is not known what matches."""
        direction, subject, peer, destination, protocol, port = ask
        found = set()
        for policy in policies:
            if not self.admin_picks(policy["spec"]["subject"], subject):
                continue
            for rule in policy["spec"].get(direction, []):
                action = {"Accept": "allow"}.get(rule["action"], rule["action"].lower())
                fits = self.admin_ports(rule, destination, protocol, port)
                hits = [self.admin_peer(one, subject, peer) for one in rule[WAYS[direction]]
                        if "number" in fits or ("name" in fits and {"namespaces", "pods"} & set(one))]
                if True in hits:
                    return found | {action}
                if None in hits:
                    found.add(action)
        return found | {"pass"}

    def granted(self, policies: list[dict], ask: tuple) -> set[str]:
        direction, _, peer, destination, protocol, port = ask
        hits = [self.rule_lets(policy, rule, direction, peer, destination, protocol, port)
                for policy in policies for rule in policy["spec"].get(direction) or []]
        return {"allow"} if True in hits else {"allow", "deny"} if None in hits else {"deny"}

    # --- network policies -------------------------------------------------------------------------------------------

    def isolates(self, policy: dict, direction: str, pod: dict) -> bool:
        spec = policy["spec"]
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        return (direction.capitalize() in types and policy["metadata"]["namespace"] == pod["metadata"]["namespace"]
                and selects(spec.get("podSelector", {}), pod["metadata"].get("labels", {})))

    def rule_lets(self, policy, rule, direction, peer, destination, protocol, port):
        if not rule.get("ports"):
            ports, named = True, False
        else:
            hits = [self.port_fits(one, destination, protocol, port) for one in rule["ports"]]
            ports, named = "number" in hits, "name" in hits
        if not ports and not named:
            return False
        peers = rule.get(WAYS[direction])
        if not peers:
            return True
        hits = []
        for one in peers:
            by_address = "ipBlock" in one
            if not ports and by_address and direction == "egress":
                continue  # a name is resolved at the pods that a peer picks, and an address range picks none
            hits.append(self.in_block(one["ipBlock"], peer) if by_address else self.peer_is(policy, one, peer))
        return True if True in hits else None if None in hits else False

    def peer_is(self, policy: dict, peer: dict, end: dict | str) -> bool:
        if not self.is_pod(end):
            return False
        if "namespaceSelector" in peer:
            there = selects(peer["namespaceSelector"], self.namespace_labels(end))
        else:
            there = end["metadata"]["namespace"] == policy["metadata"]["namespace"]
        return there and selects(peer.get("podSelector", {}), end["metadata"].get("labels", {}))

    def in_block(self, block: dict, end: dict | str):
        address = self.address(end)
        if address is None:
            return None
        return in_range(address, block["cidr"]) and not any(in_range(address, out) for out in block.get("except", []))

    @staticmethod
    def port_fits(given: dict, destination: dict | str, protocol: str, port: int) -> str | None:
        if given.get("protocol", "TCP") != protocol:
            return None
        if given.get("port") is None:
            return "number"
        if isinstance(given["port"], int):
            return "number" if given["port"] <= port <= given.get("endPort", given["port"]) else None
        return "name" if (given["port"], protocol, port) in named_ports(destination) else None

    # --- cluster-wide policies --------------------------------------------------------------------------------------

    def admin_picks(self, selector: dict, pod: dict | str) -> bool:
        if not self.is_pod(pod):
            return False
        pods = selector.get("pods", {})
        spaces = selector.get("namespaces", pods.get("namespaceSelector", {}))
        return (selects(spaces, self.namespace_labels(pod))
                and selects(pods.get("podSelector", {}), pod["metadata"].get("labels", {})))

    def admin_peer(self, peer: dict, subject: dict, end: dict | str):
        if "networks" in peer:
            address = self.address(end)
            return None if address is None else any(in_range(address, cidr) for cidr in peer["networks"])
        if "nodes" in peer:
            node = self.node_of(end)
            if node is None or self.is_pod(end):
                return False
            labels = next((n["metadata"].get("labels", {}) for n in self.of.get("Node", [])
                           if n["metadata"]["name"] == node), None)
            return labels is not None and selects(peer["nodes"], labels)
        if "domainNames" in peer:
            return None if isinstance(end, str) else False
        spaces = peer.get("namespaces", {})
        for relation in ("sameLabels", "notSameLabels"):
            if relation in spaces:
                if not self.is_pod(end):
                    return False
                theirs, ours = self.namespace_labels(end), self.namespace_labels(subject)
                keys = spaces[relation]
                same = all(theirs.get(key) == ours.get(key) for key in keys)
                return (all(key in theirs and key in ours for key in keys)
                        and same == (relation == "sameLabels"))
        return self.admin_picks(peer, end)

    @staticmethod
    def admin_ports(rule: dict, destination: dict | str, protocol: str, port: int) -> set[str]:
        """Whether the rule has the port by number, by name, or both; names are for peers that are pods."""
        given = rule.get("ports", rule.get("protocols"))
        if not given:
            return {"number"}
        found = set()
        for one in given:
            name = one.get("namedPort", one.get("destinationNamedPort"))
            if name is not None and (name, protocol, port) in named_ports(destination):
                found.add("name")
            for key in ("portNumber", "portRange"):
                span = one.get(key)
                if span and (span.get("protocol") or "TCP") == protocol:
                    first, last = (span["port"],) * 2 if key == "portNumber" else (span["start"], span["end"])
                    if first <= port <= last:
                        found.add("number")
            if protocol.lower() in one:
                span = one[protocol.lower()].get("destinationPort", {})
                first, last = span.get("range", {}).get("start", 1), span.get("range", {}).get("end", 65535)
                if span.get("number", port) == port and first <= port <= last:
                    found.add("number")
        return found


def selects(selector: dict, labels: dict) -> bool:
    checks = [labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", []):
        has, values = one["key"] in labels, one.get("values", [])
        checks.append({"In": has and labels.get(one["key"]) in values,
                       "NotIn": not has or labels[one["key"]] not in values,
                       "Exists": has, "DoesNotExist": not has}[one["operator"]])
    return all(checks)


def in_range(address: str, cidr: str) -> bool:
    parsed, network = ipaddress.ip_address(address), ipaddress.ip_network(cidr, strict=False)
    return parsed.version == network.version and parsed in network


def named_ports(end: dict | str) -> set[tuple[str, str, int]]:
    if isinstance(end, str) or end["kind"] != "Pod":
        return set()
    spec = end["spec"]
    return {(port.get("name"), port.get("protocol", "TCP"), port["containerPort"])
            for container in [*spec.get("containers", []), *spec.get("initContainers", [])]
            for port in container.get("ports", [])}
