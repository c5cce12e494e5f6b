"""The listeners of Gateways and ListenerSets, and whether anything acts on them."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, lookup
from auditkit.analysis.network.gateways.conditions import said
from auditkit.analysis.network.gateways.namespaces import let_in
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.shortcuts import empty_without_rows

OBJECT = {"kind": "kind", "namespace": "namespace", "name": "gateway"}
LISTENER = ["kind", "namespace", "gateway", "listener"]
ENCRYPTION = {"HTTP": "none", "HTTPS": "Terminate"}
"""What a listener does by its protocol alone. TLS has a mode; TCP and UDP pass on what comes, and do not look at it."""
MODES = ("Terminate", "Passthrough")
COLUMNS = {
    "kind": STRING, "namespace": STRING, "gateway": STRING, "root_namespace": STRING, "root": STRING,
    "listener": STRING, "port": INTEGER, "protocol": STRING, "hostname": STRING, "tls": STRING, "routes_from": STRING,
    "has_routes_selector": BOOLEAN, "kinds_count": INTEGER, "certificates_count": INTEGER, "acting": BOOLEAN,
    "why": STRING,
}


@empty_without_rows(COLUMNS)
def listeners(
    gateways: pd.DataFrame, gateway_listeners: pd.DataFrame, gateway_classes: pd.DataFrame,
    gateway_conditions: pd.DataFrame, gateway_selectors: pd.DataFrame, namespace_labels: pd.DataFrame,
    unread_gateway_fields: pd.DataFrame,
) -> pd.DataFrame:
    """The listeners of Gateways and ListenerSets: one row each.

    kind, namespace and gateway (whose listener it is), root_namespace and root (the Gateway that has its address),
    listener, port, protocol, hostname, tls (``none``, ``Terminate`` or ``Passthrough``; <NA>: not seen), acting (a
    controller has taken the class, the Gateway and the listener as they are now; false: none has come; <NA>: not
    known), why (in words, where it is not true).
    """
    conditions = gateway_conditions.assign(namespace=gateway_conditions["namespace"].fillna(""))
    acting = _gateways(gateways, gateway_classes, conditions, unread_gateway_fields)
    acting = pd.concat([acting, _sets(gateways, acting, conditions, gateway_selectors, namespace_labels,
                                      unread_gateway_fields)], ignore_index=True)
    acting = acting.rename(columns={"name": "gateway"})
    found = gateway_listeners.merge(acting, on=["kind", "namespace", "gateway"])
    on = {name: name for name in LISTENER}
    programmed = said(found, on, conditions, "Programmed")
    silent = found["acting"] & ~programmed["holds"].fillna(False)
    found["why"] = found["why"].mask(silent.fillna(False), "its controller does not say that listener "
                                     + found["listener"] + " is programmed as it is now"
                                     + (": " + programmed["reason"]).fillna("")).astype(STRING)
    found["acting"] = found["acting"].mask(silent.fillna(False), pd.NA)
    mode = found["tls_mode"].fillna("Terminate")
    found["tls"] = found["protocol"].map(ENCRYPTION).astype(STRING).mask(
        (found["protocol"] == "TLS").fillna(False), mode.where(mode.isin(MODES), pd.NA))
    return found[list(COLUMNS)]


def _gateways(gateways: pd.DataFrame, classes: pd.DataFrame, conditions: pd.DataFrame,
              unread_fields: pd.DataFrame) -> pd.DataFrame:
    """Gateways, and whether a controller acts on them: kind, namespace, name, root_namespace, root, acting, why."""
    found = gateways[(gateways["kind"] == "Gateway").fillna(False)].reset_index(drop=True)
    of_class = _classes(classes, conditions, unread_fields)
    taken = lookup(found, {"class": "name"}, of_class, ["taken", "awaited", "why"])
    there = lookup(found, {"class": "name"}, classes, ["name"])["name"].notna()
    accepted, programmed = (said(found, OBJECT, conditions[conditions["listener"] == ""], kind)
                            for kind in ("Accepted", "Programmed"))
    acting = taken["taken"] & accepted["holds"] & programmed["holds"]
    nobody = accepted["awaited"] & programmed["awaited"] & (~there | taken["awaited"].fillna(False))
    acting = acting.where(acting.fillna(False), pd.NA).mask(nobody, False)
    reason = programmed["reason"].where(accepted["holds"].fillna(False), accepted["reason"])
    why = ("its controller does not say that it is accepted and programmed as it is now"
           + (": " + reason).fillna("")).astype(STRING)
    why = why.mask(taken["why"].notna(), taken["why"]).mask(
        ~there, "its class " + found["class"].fillna("(none)") + " is not there").mask(
        nobody & there, "no controller has accepted its class " + found["class"])
    return _doubted(found, acting, why, unread_fields).assign(
        root_namespace=found["namespace"], root=found["name"])


def _classes(classes: pd.DataFrame, conditions: pd.DataFrame, unread_fields: pd.DataFrame) -> pd.DataFrame:
    """Classes, and whether a controller has taken them: name, taken, awaited, why."""
    named = classes.assign(kind=pd.Series("GatewayClass", classes.index, STRING),
                           namespace=pd.Series("", classes.index, STRING))
    accepted = said(named, OBJECT, conditions, "Accepted")
    unread = unread_field(named, unread_fields)
    why = ("the controller of its class " + classes["name"] + " does not say that it is accepted as it is now"
           + (": " + accepted["reason"]).fillna("")).astype(STRING)
    return pd.DataFrame({
        "name": classes["name"], "awaited": accepted["awaited"].astype(BOOLEAN),
        "taken": accepted["holds"].mask(unread.notna(), pd.NA),
        "why": why.where(~accepted["holds"].fillna(False), pd.NA).mask(unread.notna(), unread).astype(STRING)})


def _sets(gateways: pd.DataFrame, acting: pd.DataFrame, conditions: pd.DataFrame, selectors: pd.DataFrame,
          labels: pd.DataFrame, unread_fields: pd.DataFrame) -> pd.DataFrame:
    """ListenerSets, with the same columns: they act where their Gateway does, and takes them."""
    found = gateways[(gateways["kind"] != "Gateway").fillna(False)].reset_index(drop=True)
    found["root_namespace"] = found["parent_namespace"].fillna(found["namespace"])
    of_gateway = gateways[gateways["kind"] == "Gateway"]
    parent = {"root_namespace": "namespace", "parent": "name"}
    rules = lookup(found, parent, of_gateway, ["name", "sets_from", "has_sets_selector"])
    ours = lookup(found, parent, acting, ["acting", "why"])
    asked = pd.DataFrame({"asking": found["namespace"], "own": found["root_namespace"], "gateway": found["parent"],
                          "word": rules["sets_from"].fillna("None"), "has_selector": rules["has_sets_selector"]})
    chosen = selectors[selectors["of"] == "sets"].rename(columns={"namespace": "own"})
    taken = let_in(asked, chosen, labels, ["own", "gateway"])
    accepted, programmed = (said(found, OBJECT, conditions[conditions["listener"] == ""], kind)
                            for kind in ("Accepted", "Programmed"))
    known = (found["parent_kind"].fillna("Gateway") == "Gateway") & (
        found["parent_group"].fillna("gateway.networking.k8s.io") == "gateway.networking.k8s.io")
    confirmed = (accepted["holds"] & programmed["holds"]).fillna(False)
    result = (taken & ours["acting"]).where(confirmed | ~taken.fillna(True), pd.NA)
    contradicted = confirmed & ~taken.fillna(True)
    roots = found.assign(namespace=found["root_namespace"], name=found["parent"])
    unread = unread_field(roots, unread_fields, "Gateway")
    result = result.mask(contradicted | unread.notna(), pd.NA).mask(rules["name"].isna(), False).mask(~known, pd.NA)
    called = found["root_namespace"] + "/" + found["parent"].fillna("?")
    why = ours["why"].mask(ours["acting"].fillna(False) & ~confirmed,
                           "its controller does not say that it is accepted and programmed as it is now")
    refused = "Gateway " + called + " takes no ListenerSets of its namespace"
    refused = refused.mask(contradicted, "its controller has programmed it, though " + refused)
    why = why.mask(~taken.fillna(True), refused).mask(
        taken.isna(), "which ListenerSets Gateway " + called + " takes is not known").mask(
        unread.notna(), unread).mask(
        rules["name"].isna(), "its Gateway " + called + " is not there").mask(
        ~known, "its parent is of a kind that auditkit does not read")
    return _doubted(found, result, why, unread_fields).assign(
        root_namespace=found["root_namespace"], root=found["parent"])


def _doubted(found: pd.DataFrame, acting: pd.Series, why: pd.Series, unread_fields: pd.DataFrame) -> pd.DataFrame:
    """What is known of Gateways, unless they have fields that are not read."""
    unread = unread_field(found, unread_fields)
    acting = acting.mask(unread.notna(), pd.NA).astype(BOOLEAN)
    why = why.mask(unread.notna(), unread).where(~acting.fillna(False), pd.NA).astype(STRING)
    return found[["kind", "namespace", "name", "generation"]].assign(acting=acting, why=why)
