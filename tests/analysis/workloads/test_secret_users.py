"""What names Secrets, in every way in which an object can."""

from auditkit.proof.prove import world
from auditkit.snapshots.snapshot import Snapshot

WORLD = {
    "container_env": [{"namespace": "shop", "pod": "web", "container": "c", "name": "A", "secret": "env"},
                      {"namespace": "shop", "pod": "web", "container": "c", "name": "B", "secret": "env"},
                      {"namespace": "shop", "pod": "web", "container": "c", "name": "C"}],
    "template_container_env_from": [{"kind": "CronJob", "namespace": "shop", "pod": "night", "container": "c", "secret": "from"}],
    "volumes": [{"namespace": "shop", "pod": "web", "name": "v", "secret": "mounted"}, {"namespace": "shop", "pod": "web", "name": "w"}],
    "projected_sources": [{"namespace": "shop", "pod": "web", "volume": "p", "secret": "projected"},
                          {"namespace": "shop", "pod": "web", "volume": "p", "audience": "vault"}],
    "template_pull_secrets": [{"kind": "Deployment", "namespace": "shop", "pod": "web", "secret": "registry"}],
    "service_account_pull_secrets": [{"namespace": "shop", "account": "default", "secret": "registry"}],
    "ingress_tls": [{"namespace": "shop", "ingress": "front", "host": "a.example", "secret": "tls"}],
    "gateway_certificates": [
        {"kind": "Gateway", "namespace": "edge", "gateway": "g", "listener": "l", "ref_namespace": "shop", "ref_name": "tls"},
        {"kind": "Gateway", "namespace": "edge", "gateway": "g", "listener": "l", "ref_group": "", "ref_kind": "Secret", "ref_name": "own"},
        {"kind": "Gateway", "namespace": "edge", "gateway": "g", "listener": "l", "ref_kind": "ConfigMap", "ref_name": "no"}],
}


def test_every_way_to_name_a_secret_is_a_row_once() -> None:
    found = world(WORLD).secret_users
    assert sorted(found.itertuples(index=False, name=None)) == [
        ("edge", "own", "Gateway", "edge", "g", "tls"),
        ("shop", "env", "Pod", "shop", "web", "env"),
        ("shop", "from", "CronJob", "shop", "night", "envFrom"),
        ("shop", "mounted", "Pod", "shop", "web", "volume"),
        ("shop", "projected", "Pod", "shop", "web", "projected"),
        ("shop", "registry", "Deployment", "shop", "web", "imagePullSecrets"),
        ("shop", "registry", "ServiceAccount", "shop", "default", "imagePullSecrets"),
        ("shop", "tls", "Gateway", "edge", "g", "tls"),
        ("shop", "tls", "Ingress", "shop", "front", "tls"),
    ]


def test_a_list_that_was_refused_is_a_gap(acme: Snapshot) -> None:
    assert acme.gaps("secret_users") == [] and set(acme.secret_users["how"]) <= {"env", "envFrom", "volume", "projected",
                                                                               "imagePullSecrets", "tls"}
