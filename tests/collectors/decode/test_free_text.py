"""Text of which a part is read: what is taken from it is what its program takes, and nothing beside it is kept."""

import pytest
from worlds import frames


def hosts(rule: str) -> str | None:
    route = {"kind": "IngressRoute", "apiVersion": "traefik.io/v1alpha1", "metadata": {"name": "r", "namespace": "shop"},
             "spec": {"routes": [{"kind": "Rule", "match": rule}]}}
    [found] = frames([route])["traefik_rules"]["hosts"].astype(object).where(lambda each: each.notna(), None)
    return found


@pytest.mark.parametrize(("rule", "expected"), [
    ("Host(`a.example`)", "a.example"), ('Host("a.example", `b.example`)', "a.example,b.example"),
    ("HostSNI(`a`) || HostSNI(`b`)", "a,b"), ("Host(`a`) && Header(`X`, `!||`)", "a"), ("HostSNI(`*`)", None),
    ("!Host(`a`)", None), ("Host(`a`) || PathPrefix(`/`)", None),
])
def test_hosts_of_a_rule_are_those_of_its_matchers(rule: str, expected: str | None) -> None:
    assert hosts(rule) == expected


@pytest.mark.parametrize("rule", [
    "Host(`a`, `b`) || PathPrefix(`/`)", "Host(`a`) || PathPrefix (`/`)", "Header(`X`, `(`) || Host(`a`)",
    "Host(`a`, `{sub:[a-z]+}.example`)", "Host('a')", 'Host("a\\"b")', "Host(`a`) || Header(`X`, `\0`)",
])
def test_a_rule_that_may_be_for_other_hosts_is_for_any(rule: str) -> None:
    assert hosts(rule) is None


@pytest.mark.parametrize("rule", ["Header(\"X\", \"Host(`SECRET`)\")", "Query(`t`, `Host(\"SECRET\")`) && Host(`a`)"])
def test_a_text_that_looks_like_a_matcher_is_none(rule: str) -> None:
    assert "SECRET" not in (hosts(rule) or "")


@pytest.mark.parametrize(("arguments", "expected"), [
    (["-b", "*", "-d", "15090,15021"], "excluded=15090,15021 included=*"),
    (["-b*", "-d15090"], "excluded=15090 included=*"), (["-b=*", "-d=15090"], "excluded=15090 included=*"),
    (["-d15090", "-d", "80"], "excluded=?"), (["-cSECRET"], "other=?"), (["--token", "SECRET"], None),
])
def test_ports_around_a_proxy_are_read_as_its_program_reads_them(arguments: list[str], expected: str | None) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
           "spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "istio-init", "args": arguments}]}}
    [found] = frames([pod])["pod_redirections"]["ports"].astype(object).where(lambda each: each.notna(), None)
    assert found == expected


@pytest.mark.parametrize(("handle", "kept"), [
    ("https://user:SECRET@store.example/share?sig=SECRET#SECRET", '"https://store.example/share"'),
    ("group#account#share", '"group#account#share"'), ("//server/share?x", '"//server/share?x"'),
])
def test_settings_keep_no_user_and_no_query_of_an_address(handle: str, kept: str) -> None:
    volume = {"kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {"csi": {"driver": "d", "volumeHandle": handle}}}
    found = frames([volume])["object_settings"]
    assert found.loc[found["field"] == "spec.csi.volumeHandle", "value"].tolist() == [kept]


@pytest.mark.parametrize(("image", "kept"), [
    ("user:SECRET@registry.example/web:1", "registry.example/web:1"),
    ("https://user:SEC/RET@registry.example/web:1?token=SECRET", "https://registry.example/web:1"),
    ("user:SECRET@registry.example/web@sha256:0123", "registry.example/web@sha256:0123"),
    ("web:1@sha256:0123", "web:1@sha256:0123"), ("registry.example:5000/a/web:1@sha256:0123",) * 2,
    ("docker-pullable://registry.example/web@sha256:0123",) * 2, ("web",) * 2,
])
def test_images_keep_neither_a_password_nor_a_query(image: str, kept: str) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
           "spec": {"containers": [{"name": "c", "image": image}], "volumes": [{"name": "v", "image": {"reference": image}}]},
           "status": {"containerStatuses": [{"name": "c", "image": image, "imageID": image}]}}
    found = frames([pod])
    assert found["containers"]["image"].tolist() == found["volumes"]["image"].tolist() == [kept]
    assert found["container_images"][["image", "image_id"]].values.tolist() == [[kept, kept]]
