"""The cases of `tests/truth`: manifests of entrances with what they come to, and what auditkit makes of them."""

from pathlib import Path

import yaml
from network_worlds import derive
from worlds import frames

TRUTH = Path(__file__).parents[1] / "truth"


def cases(folder: str) -> list[dict]:
    """All cases under a folder of the truth, in order."""
    return [case for file in sorted((TRUTH / folder).glob("*.yaml")) for case in yaml.safe_load(file.read_text())]


def services(objects: list[dict], absent: list[str]) -> list[dict]:
    """A service with its port for each reference to one in routes of the Gateway API, but for those that are absent."""
    named: dict[str, set[tuple[int, str]]] = {}
    for one in objects:
        for rule in one.get("spec", {}).get("rules") or ():
            everywhere = [*rule.get("filters", ()), *(one for ref in rule.get("backendRefs", ()) for one in ref.get("filters", ()))]
            filters = [each.get(name, {}).get("backendRef") for each in everywhere for name in ("requestMirror", "externalAuth")]
            for ref in [*rule.get("backendRefs", ()), *filter(None, filters)]:
                space = ref.get("namespace", one["metadata"]["namespace"])
                named.setdefault(f"{space}/{ref['name']}", set()).add(
                    (ref["port"], "UDP" if one["kind"] == "UDPRoute" else "TCP"))
    return [{"kind": "Service", "metadata": dict(zip(("namespace", "name"), name.split("/"), strict=True)),
             "spec": {"selector": {"app": "x"}, "ports": [
                 {"port": port, "protocol": protocol} for port, protocol in sorted(ports)]}}
            for name, ports in named.items() if name not in absent]


class Outcome:
    """What auditkit makes of the manifests of a case, in the words of the cases."""

    def __init__(self, case: dict):
        self.tables = frames([*case["objects"], *services(case["objects"], case.get("absent", []))])

    def attachments(self, verdict: bool | None) -> dict[str, list[str]]:
        """By route, the listeners with their hosts that admit it (or do not, or of which that is not known)."""
        return self._by_route(self._rows(verdict), lambda row: (
            f"{row['gateway_kind']} {row['gateway_namespace']}/{row['gateway']} {row['listener']} {row['host']}"))

    def reasons(self, verdict: bool | None) -> dict[str, list[str]]:
        """By route, why its listeners do not admit it."""
        return self._by_route(self._rows(verdict), lambda row: row["why"])

    def _rows(self, verdict: bool | None) -> list[dict]:
        found = derive(self.tables, "attachments").to_dict("records")
        return [row for row in found if _word(row["attached"]) == verdict]

    def backends(self, verdict: bool | None) -> dict[str, dict[str, str]]:
        """By route, the services that get its traffic (or do not, or of which that is not known), and why not."""
        found: dict[str, dict[str, str]] = {}
        for row in derive(self.tables, "route_backends").to_dict("records"):
            if _word(row["sends"]) == verdict:
                called = f"{row['backend_namespace']}/{row['backend']}:{row['service_port']}"
                found.setdefault(_route(row), {})[called] = row["why"]
        return found

    def listeners(self, column: str) -> dict[str, object]:
        """A column of `listeners`, by gateway and listener."""
        return {f"{row['namespace']}/{row['gateway']} {row['listener']}": _word(row[column])
                for row in derive(self.tables, "listeners").to_dict("records")}

    def certificates(self) -> dict[str, object]:
        """Whether the certificates of each listener are there."""
        return {f"{row['namespace']}/{row['gateway']} {row['listener']}": _word(row["present"])
                for row in derive(self.tables, "listener_certificates").to_dict("records")}

    def redirects(self) -> dict[str, object]:
        """Whether each route only redirects to HTTPS."""
        return {_route(row): _word(row["redirects"])
                for row in derive(self.tables, "attachments").to_dict("records")}

    @staticmethod
    def _by_route(rows: list[dict], say: object) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(_route(row), []).append(say(row))
        return found


def _route(row: dict) -> str:
    return f"{row['kind']} {row['namespace']}/{row['route']}"


def _word(value: object) -> object:
    """A value as YAML has it: what is not known is null."""
    import pandas as pd

    return None if pd.isna(value) else value
