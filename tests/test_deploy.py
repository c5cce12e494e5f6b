"""The roles under `deploy/`: they grant what the collector asks for and nothing else, and what they lead to."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from access_worlds import account, bind, role, rule
from escalation_worlds import pod, service_account, steps
from replay import ACME_PROD, ReplayServer
from worlds import derived, frames

from auditkit import tables
from auditkit.analysis.columns import STRING
from auditkit.analysis.escalation.paths import paths_to_admin
from auditkit.api import snapshots
from auditkit.collectors import custom, engines
from auditkit.collectors.discovery import Served
from auditkit.collectors.listing import Listing
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.scans.read import readers_by_group
from auditkit.tables.engines import RESOURCES

DEPLOY = Path(__file__).parents[1] / "deploy"
BASE, KUBELETS, SECRETS = FILES = ("rbac.yaml", "rbac-kubelets.yaml", "rbac-secrets.yaml")
NEEDS_NO_RULE = ("authentication.k8s.io", "authorization.k8s.io")
"""Groups that every authenticated user may ask who they are."""

Right = tuple[str, str, str]


def objects(*files: str) -> list[dict]:
    return [thing for file in files for thing in yaml.safe_load_all((DEPLOY / file).read_text(encoding="utf-8"))]


def granted(*files: str) -> set[Right]:
    """Group, resource and verb of each right."""
    rules = [rule for thing in objects(*files) if thing["kind"] == "ClusterRole" for rule in thing["rules"]]
    return {(group, name, verb) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]
            for verb in rule["verbs"]}


def refused(asked: set[Right], rights: set[Right]) -> set[Right]:
    return {(group, name, verb) for group, name, verb in asked
            if (group, name, verb) not in rights and (group, "*", verb) not in rights}


def test_no_other_file_grants_rights() -> None:
    others = [path for path in DEPLOY.rglob("*") if path.is_file() and path.name not in FILES]
    assert others and not any("kind: ClusterRole" in path.read_text(encoding="utf-8") for path in others)


def test_all_that_a_collection_asks_for_is_granted(server: ReplayServer, kubeconfig: str) -> None:
    snapshots.collect(kubeconfig=kubeconfig)
    asked = {(one.target.group, one.target.full_name, one.verb) for one in server.requests
             if one.target and one.target.group not in NEEDS_NO_RULE}
    assert len(asked) > 40
    assert refused(asked, granted(*FILES)) == set()
    assert refused(asked, granted(BASE)) == {("", "nodes/proxy", "get"), ("", "secrets", "list")}


def test_all_that_a_collection_asks_other_engines_and_scanners_for_is_granted() -> None:
    kinds = [(one.group, one.plural, one.kind) for one in RESOURCES.values()]
    kinds += [(group, "things", "Thing") for group in readers_by_group()]
    found = Served([{"group": group, "version": custom.VERSIONS.get(group, ("v1",))[0], "resource": plural, "kind": kind,
                     "namespaced": True, "verbs": ["list"]} for group, plural, kind in kinds], [], [])
    source = open_files(ACME_PROD)
    lists = [one.listing for one in engines.served(source, found, 500)]
    lists += [one for one in custom.listings(source, found, 500) if isinstance(one, Listing)]
    asked = {(*reversed(one.entry.resource.split(".", 1)), "list") for one in lists}
    assert len(asked) == len(kinds) and refused(asked, granted(BASE)) == set()


def test_nothing_is_granted_that_no_collection_asks_for() -> None:
    known = {(one.group, one.plural, "list") for one in (*tables.RESOURCES.values(), *RESOURCES.values())}
    known |= {(group, "*", "list") for group in readers_by_group()}
    assert granted(BASE) == known - {("", "secrets", "list")}
    assert granted(SECRETS) == {("", "secrets", "list")}
    assert granted(KUBELETS) == {("", "nodes/proxy", "get")}


@pytest.mark.parametrize("file", FILES)
def test_a_comment_above_each_rule_names_what_is_unknown_without_it(file: str) -> None:
    text = (DEPLOY / file).read_text(encoding="utf-8")
    rules = re.findall(r"((?:  # .*\n)(?:  #   .*\n)*)  - \{(.*)\}\n", text)
    assert len(rules) == text.count("  - {") > 0
    for comment, _ in rules:
        said = " ".join(comment.replace("#", " ").split())
        names = re.search(r"(?i)tables? ([a-z_, ]+); (?:no|\d+) checks? reads? this\.$", said)
        assert names and set(names[1].split(", ")) <= set(tables.TABLES), said


def test_every_table_of_a_list_is_named_above_a_rule() -> None:
    text = "".join((DEPLOY / file).read_text(encoding="utf-8") for file in FILES)
    lists = {*tables.RESOURCES, "engines", "kubelets", "findings"}
    listed = {table.name for table in tables.TABLES.values() if lists & {*table.sources}}
    assert len(listed) > 80
    assert {name for name in listed if not re.search(rf"\b{name}\b", text)} == set()


# --- what the rights lead to -----------------------------------------------------------------------------------------

ADMIN = [role("everything", rule("*", "*", "*")), bind("c", "everything", account("deployer", "shop")),
         service_account("deployer"), pod("web", serviceAccountName="deployer")]
"""A pod with all rights, and a Secret with its token."""
TOKEN = pd.DataFrame([("shop", "t", "kubernetes.io/service-account-token")], columns=["namespace", "name", "type"],
                     dtype=STRING)


def way(*files: str) -> object:
    """How many steps it is from the service account of auditkit to full power."""
    told = paths_to_admin(steps([*ADMIN, *objects(*files)], secrets=TOKEN)).set_index(["kind", "name"])
    return told.loc[("ServiceAccount", "auditkit"), "steps"]


def powers(*files: str) -> set[str]:
    held, = derived(frames([*ADMIN, *objects(*files)]), "held_powers")
    return set(held.loc[held["user"] == "system:serviceaccount:auditkit:auditkit", "power"])


def test_what_auditkit_lists_is_no_way_to_full_power() -> None:
    assert way(BASE) is pd.NA and powers(BASE) == set()


@pytest.mark.parametrize(("file", "power", "count"), [(KUBELETS, "proxy_nodes", 3), (SECRETS, "read_secrets", 2)])
def test_the_optional_rights_are_ways_to_full_power(file: str, power: str, count: int) -> None:
    assert way(BASE, file) == count and powers(BASE, file) == {power}
