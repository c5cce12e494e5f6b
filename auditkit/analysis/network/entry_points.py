"""Where traffic comes in from outside: ingresses, and services that are opened by a load balancer or on every node; and
what is seen of its encryption there.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has, lookup, named
from auditkit.analysis.network.load_balancers import ON, ends_tls, internal
from auditkit.analysis.network.routes.doors import route_entrances
from auditkit.tables.network import ALB_ANNOTATIONS, CERTIFICATE_ANNOTATIONS, CLASS_ANNOTATION, LISTEN_ANNOTATION

ALB, APPGW, SHARED, MANAGED = CERTIFICATE_ANNOTATIONS
"""The last is that by which Google makes and renews the certificate of an ingress."""

_ALB = r"(?:^|[-./])alb(?:$|[-./])"
_GOOGLE = r"(?:^|[-./])(?:gce|gke|google)(?:$|[-./])"
CERTIFICATES = {
    ALB: r"(?:^|[-./])(?:alb|aws|eks)(?:$|[-./])", MANAGED: _GOOGLE, SHARED: _GOOGLE,
    APPGW: r"(?:^|[-./])(?:azure|appgw|application-gateway|agic)(?:$|[-./])",
}
"""Annotations that name a certificate to the load balancer of a cloud, and ingress classes of whose controller it is
known that it reads them (documentation of the AWS Load Balancer Controller, GKE Ingress and AGIC). That of Google also
reads ingresses without a class."""

COLUMNS = {
    "kind": STRING, "namespace": STRING, "name": STRING, "type": STRING, "tls_count": INTEGER,
    "hosts_without_tls": STRING, "certificate": STRING, "certificate_read": BOOLEAN, "tls_read": BOOLEAN,
    "declares_tls": BOOLEAN, "private": BOOLEAN, "routed": BOOLEAN, "served": BOOLEAN, "encrypted": BOOLEAN,
    "unsure": STRING, "opened_by": STRING,
}
ENCRYPTED = ("https", "tls", "kubernetes.io/wss")
"""What a port of a service says of itself (``appProtocol``) when it speaks TLS."""

OPENED = ("LoadBalancer", "NodePort")


def entrances(ingresses: pd.DataFrame, ingress_rules: pd.DataFrame, ingress_paths: pd.DataFrame,
              ingress_tls: pd.DataFrame,
              ingress_annotations: pd.DataFrame, services: pd.DataFrame, service_ports: pd.DataFrame,
              service_annotations: pd.DataFrame, service_load_balancers: pd.DataFrame,
              service_load_balancer_annotations: pd.DataFrame, node_addresses: pd.DataFrame, nodes: pd.DataFrame,
              route_ways: pd.DataFrame, other_engines: pd.DataFrame) -> pd.DataFrame:
    """Ingresses, routes, the services that are opened to the outside, and what other engines open: kind, namespace,
    name.

    Of ingresses ``tls_count``, ``hosts_without_tls`` (<NA>: none), ``certificate`` (the annotation that names one),
    ``certificate_read`` (by the controller of its class; <NA>: not known, as where an ingress chooses the ports itself,
    which may be without TLS) and ``tls_read`` (its controller opens a port with TLS for a TLS entry; <NA>: that depends
    on settings elsewhere). Of routes (``routed``) ``served`` (a way in by it is open), ``encrypted`` (no
    open way takes requests in plain text, but to redirect them), ``hosts_without_tls`` (where
    it does) and ``unsure`` (why that is not known). Of services ``type``, ``declares_tls`` (on
    all of its ports) and ``private`` (its load balancer is internal). ``opened_by`` says in words what of
    another engine opens it (<NA>: an ingress or service); nothing else is known of such an entrance.
    """
    hosts = pd.concat([rows[["namespace", "ingress", "host"]] for rows in (ingress_rules, ingress_paths)])
    others = other_engines[other_engines["entrances"].fillna(True)].rename(columns={"words": "opened_by"})
    parts = [_ingresses(ingresses, hosts, ingress_tls, ingress_annotations),
             route_entrances(route_ways).assign(routed=True),
             _services(services, service_ports, service_annotations, service_load_balancers,
                       service_load_balancer_annotations, node_addresses, nodes),
             others]
    found = pd.concat([rows.reindex(columns=list(COLUMNS)).astype(COLUMNS) for rows in parts], ignore_index=True)
    return found.assign(**{name: found[name].fillna(False) for name in ("declares_tls", "private", "routed")})


def _ingresses(ingresses: pd.DataFrame, hosts: pd.DataFrame, tls: pd.DataFrame,
               annotations: pd.DataFrame) -> pd.DataFrame:
    bare = _hosts_without_tls(ingresses, hosts, tls)
    on = {"namespace": "namespace", "name": "ingress"}
    annotations = annotations[~annotations["empty"]]
    named_by = annotations[annotations["key"].isin(CERTIFICATES)]
    named_by = named_by.sort_values("key", ascending=False, kind="stable")  # Google's own before what was brought to it
    certificate = lookup(ingresses, on, named_by, ["key"])["key"]
    read = pd.Series(pd.NA, ingresses.index, BOOLEAN)
    classes = ingresses["class"].fillna(
        lookup(ingresses, on, annotations[annotations["key"] == CLASS_ANNOTATION], ["value"])["value"])
    chosen = has(ingresses, on, annotations[annotations["key"] == LISTEN_ANNOTATION])
    by_alb = _by_alb(classes, has(ingresses, on, annotations[
        annotations["key"].str.startswith(ALB_ANNOTATIONS).fillna(False)]))
    for key, reading in CERTIFICATES.items():
        fits = classes.str.contains(reading).fillna(reading == _GOOGLE)
        read = read.mask((certificate == key).fillna(False) & fits & ~(chosen & (key == ALB)), True)
    open_hosts = named(ingresses, on, bare, "host")
    return pd.DataFrame({
        "kind": pd.Series("Ingress", ingresses.index, STRING), "namespace": ingresses["namespace"],
        "name": ingresses["name"],
        "tls_count": ingresses["tls_count"], "hosts_without_tls": open_hosts.mask(open_hosts == "", pd.NA),
        "certificate": certificate, "certificate_read": read.where(certificate.notna() | (by_alb & chosen), False),
        "tls_read": (~by_alb).mask(by_alb, pd.NA)})


def _by_alb(classes: pd.Series, has_its_annotations: pd.Series) -> pd.Series:
    """Whether the AWS Load Balancer Controller serves the ingress of each class (of its field, or of its annotation).

    Without a certificate in an annotation or in the settings of its class it opens port 80 alone, whatever ``spec.tls``
    says (its pkg/ingress/model_build_listener.go: computeIngressListenPorts, preferTLS).
    """
    fits = classes.str.contains(CERTIFICATES[ALB])
    return (classes.str.contains(_ALB) | (fits.fillna(True) & has_its_annotations)).fillna(False)


def _services(services: pd.DataFrame, ports: pd.DataFrame, annotations: pd.DataFrame,
              load_balancers: pd.DataFrame, reach: pd.DataFrame, node_addresses: pd.DataFrame,
              nodes: pd.DataFrame) -> pd.DataFrame:
    opened = services[services["type"].isin(OPENED)]
    plain = ports[~ports["app_protocol"].str.lower().isin(ENCRYPTED)]
    return opened[["namespace", "name", "type"]].assign(
        kind="Service", private=internal(opened, load_balancers, reach, node_addresses, nodes),
        declares_tls=(has(opened, ON, ports) & ~has(opened, ON, plain)) | ends_tls(
            opened, load_balancers, annotations, reach))


def _hosts_without_tls(ingresses: pd.DataFrame, hosts: pd.DataFrame, tls: pd.DataFrame) -> pd.DataFrame:
    """Hosts of ingresses that no TLS entry names, nor a wildcard for their parent: namespace, ingress, host.

    ``hosts`` are those of rules, be there paths and services behind them or not. A TLS entry without hosts is for all
    of its ingress. A rule without a host and a default backend, of whatever kind, are for any, and need such an entry.
    A wildcard stands for one label, and covers the same wildcard (API reference: Ingress, IngressTLS).
    """
    keys = ["namespace", "ingress"]
    serves_rest = ingresses["has_default_backend"] | ingresses["default_service"].notna()
    default = ingresses[serves_rest].rename(columns={"name": "ingress"})[keys]
    hosts = pd.concat([hosts[[*keys, "host"]], default.assign(host=pd.Series(pd.NA, default.index, STRING))])
    hosts = hosts.drop_duplicates().assign(row=lambda frame: np.arange(len(frame)))
    hosts["host"] = hosts["host"].astype(STRING).fillna("")
    whole = hosts.merge(tls[tls["host"].isna()][keys].drop_duplicates(), on=keys)["row"]
    own = tls[tls["host"].notna()][[*keys, "host"]].drop_duplicates()
    exact = hosts.merge(own, on=[*keys, "host"])["row"]
    parents = hosts.assign(host=hosts["host"].str.replace(r"^[^.]+\.", "*.", regex=True))
    covered = pd.concat([whole, exact, parents.merge(own, on=[*keys, "host"])["row"]])
    return hosts[~hosts["row"].isin(covered)].assign(host=lambda frame: frame["host"].replace("", "(any host)"))
