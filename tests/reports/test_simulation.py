"""Panels on what manifests would change: the answer in sentences, and tables with the worst first."""

from pathlib import Path

import pytest
import yaml
from report_worlds import published
from simulated import namespace, owned, pod_spec, snapshot, stored, thing

import auditkit
from auditkit.errors import NoSuchName
from auditkit.reports import show
from auditkit.simulation.effects import Effects

HOSTILE = "<script>alert(1)</script>"
PRIVILEGED = pod_spec(containers=[{"name": "c", "image": "a:1", "securityContext": {"privileged": True}}])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Effects:
    """A namespace gets a level that refuses a pod that is there; a pod more, a role, and what cannot be simulated."""
    folder = tmp_path_factory.mktemp("manifests")
    manifests = (namespace("shop", **{"pod-security.kubernetes.io/enforce": "baseline"}), thing("Pod", "new", spec=PRIVILEGED),
                 thing("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "r", "apiGroup": "x"},
                       subjects=[{"kind": "User", "name": HOSTILE}]), thing("Widget", HOSTILE, "example.org/v1"))
    (folder / "all.yaml").write_text("---\n".join(map(yaml.safe_dump, manifests)))
    role = stored("Role", "r", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}])
    old = stored("Pod", "old", spec=PRIVILEGED, status={"phase": "Running", "podIP": "10.0.0.1"})
    old["metadata"]["ownerReferences"] = owned("ReplicaSet", "gone")
    return auditkit.simulate(snapshot(role, old), folder, frameworks=["cis-kubernetes"])


def rows(block) -> list[dict]:
    return [dict(zip((column["name"] for column in block.content["columns"]), row, strict=True)) for row in block.content["rows"]]


def test_the_answer_is_a_sentence_with_the_totals_and_says_what_is_not_known(found: Effects) -> None:
    said = {part["question"]: part["sentences"] for part in show.simulation(found).content["answer"]}
    counts, failed = found.counts, int((found.changes["before"] == "fail").sum())
    assert said["What would change"][0] == (
        f"If 4 manifests were applied, {counts['closed']} of {failed} failures would close, {counts['opened']} new ones would open, "
        "2 objects would be refused and 1 verdict would be unknown.")
    assert "Rights: 2 gained." in said["What would change"]
    assert said["What is not known"][0] == (
        "1 manifest could not be simulated: Widget (example.org/v1) in all.yaml, line 35: no table has objects of this kind.")
    assert said["What this is"] == ["A simulation on a snapshot: nothing was sent to a cluster, and the result is not evidence."]


def test_the_worst_verdicts_come_first_with_their_manifest_and_what_stays_is_counted(found: Effects) -> None:
    block = show.effect(found, "verdicts")
    changes = [row["Change"] for row in rows(block)]
    assert changes == sorted(changes, key=["newly fails", "becomes unknown", "newly passes", "no longer applies", "is gone"].index)
    assert rows(block)[0]["Change"] == "newly fails" and rows(block)[0]["Severity"] in ("critical", "high")
    assert "Containers do not run privileged" in {row["Wanted"] for row in rows(block) if row["Object"] == "Pod shop/new/c"}
    assert {row["Manifest"].partition(",")[0] for row in rows(block)} == {"all.yaml"}, "without the folder that it lies in"
    assert block.content["note"] == f"{found.counts['still open']} failures would stay, and are not listed."
    assert block.content["total"] == sum(found.counts.values()) - found.counts["still open"]


def test_refused_objects_rights_and_objects_are_in_words(found: Effects) -> None:
    refused = rows(show.effect(found, "refused"))
    assert [(row["Outcome"], row["Object"], row["Policy"]) for row in refused] == [
        ("would be refused", "Pod shop/new", "Pod Security"), ("would be refused", "Pod shop/old", "Pod Security")]
    assert rows(show.effect(found, "rights")) == [{
        "Change": "gained", "Subject": f"User {HOSTILE}", "Verbs": "get, list", "Resource": "pods", "Name": "", "Where": "shop"}]
    assert [(row["Change"], row["Object"]) for row in rows(show.effect(found, "objects"))] == [
        ("changed", "Namespace shop"), ("added", "Pod shop/new"), ("added", "RoleBinding shop/b")]


def test_what_does_not_change_says_so_and_gaps_are_named(found: Effects, tmp_path: Path) -> None:
    assert show.effect(found, "paths").content["note"] == "Nothing changes."
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(thing("ConfigMap", "c")))
    gap = auditkit.simulate(snapshot(gaps=["roles.rbac.authorization.k8s.io"]), tmp_path, frameworks=[])
    assert show.effect(gap, "rights").content["note"].startswith("No change is known. Rows may be missing: ")
    assert show.effect(gap, "verdicts").content["note"] == "No framework was evaluated."
    said = show.simulation(gap).content["answer"]
    assert said[0]["sentences"] == ["If 1 manifest was applied, 0 of 0 failures would close and nothing would be refused.",
                                    "No framework was evaluated."]
    assert said[1]["sentences"][0].startswith("Not known completely: ")
    with pytest.raises(NoSuchName, match="part of a simulation"):
        show.effect(found, "weather")


def test_failures_that_go_with_their_objects_are_not_called_fixed(tmp_path: Path) -> None:
    gone = auditkit.simulate(snapshot(stored("Pod", "p", spec=PRIVILEGED)), delete=["Pod/shop/p"], frameworks=["cis-kubernetes"])
    sentence = show.simulation(gone).content["answer"][0]["sentences"][0]
    assert sentence.startswith("If 1 object was deleted, 0 of ") and " would be gone with their objects" in sentence


def test_page_and_paper_say_that_it_is_no_evidence_and_escape_what_manifests_say(found: Effects, tmp_path: Path) -> None:
    files = published(tmp_path, "# What if", show.simulation(found), *(show.effect(found, part) for part in ("rights", "verdicts")))
    page = files.html.read_text()
    assert "simulated, no evidence: 3 manifests applied" in page and "the result is not evidence" in page
    assert HOSTILE not in page and "&lt;script&gt;alert(1)" in page
    import pikepdf
    with pikepdf.open(files.pdf) as paper:
        assert len(paper.pages) >= 2
