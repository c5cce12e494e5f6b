"""The certificates of listeners with TLS: whether the Secrets that they name are there, and may be named."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.analysis.network.gateways.conditions import said
from auditkit.analysis.network.gateways.grants import granted
from auditkit.analysis.shortcuts import empty_without_rows

LISTENER = {"kind": "kind", "namespace": "namespace", "gateway": "gateway", "listener": "listener"}
COLUMNS = dict.fromkeys(["kind", "namespace", "name", "gateway", "listener", "hostname", "secrets", "missing",
                         "refused"], STRING) | {"present": BOOLEAN, "why": STRING}
UNUSABLE = ("InvalidCertificateRef", "RefNotPermitted")
"""Reasons by which a controller refuses a certificate; others are about kinds of routes and certificates of clients."""
NOT_NAMED = "it names no Secret: its certificate, if it has one, is a matter of its controller"
ANOTHER_KIND = "it names a certificate that is no Secret, or it is not known whether it may name it"
NOT_SAID = "its controller does not say, of the listener as it is now, that it could use the certificate"


@empty_without_rows(COLUMNS)
def listener_certificates(
    listeners: pd.DataFrame, gateways: pd.DataFrame, gateway_certificates: pd.DataFrame,
    gateway_conditions: pd.DataFrame, reference_grants_from: pd.DataFrame, reference_grants_to: pd.DataFrame,
    unread_grant_fields: pd.DataFrame, secrets: pd.DataFrame,
) -> pd.DataFrame:
    """Listeners that end TLS, and their certificates: one row each.

    kind, namespace, name (Gateway or ListenerSet, and listener), gateway, listener, hostname, secrets (what it names),
    missing (Secrets that are not there), refused (those of another namespace that no ReferenceGrant lets it name),
    present (all are there, may be named, and the controller could use them), why (in words, where that is not known).
    """
    ending = listeners[(listeners["tls"] == "Terminate").fillna(False)].merge(
        gateways[["kind", "namespace", "name", "generation"]].rename(columns={"name": "gateway"}),
        on=["kind", "namespace", "gateway"])
    refs = _references(gateway_certificates, reference_grants_from, reference_grants_to, unread_grant_fields)
    there = has(refs, {"ref_namespace": "namespace", "ref_name": "name"}, secrets)
    missing, refused = refs[refs["is_secret"] & ~there], refs[~refs["granted"].fillna(True)]
    unclear = refs[~refs["is_secret"] | refs["granted"].isna()]
    resolved = said(ending, LISTENER, gateway_conditions, "ResolvedRefs")
    unusable = ~resolved["holds"].fillna(True) & resolved["reason"].isin(UNUSABLE)
    bad = has(ending, LISTENER, missing) | has(ending, LISTENER, refused) | unusable
    why = pd.Series(NOT_SAID, ending.index, STRING).mask(has(ending, LISTENER, unclear), ANOTHER_KIND).mask(
        ending["certificates_count"] == 0, NOT_NAMED)
    doubtful = ~resolved["holds"].fillna(False) | has(ending, LISTENER, unclear) | (ending["certificates_count"] == 0)
    present = (~bad).astype(BOOLEAN).mask(~bad & doubtful, pd.NA)
    return ending[["kind", "namespace"]].assign(
        name=ending["gateway"] + "/" + ending["listener"], gateway=ending["gateway"], listener=ending["listener"],
        hostname=ending["hostname"], secrets=_words(ending, refs), missing=_words(ending, missing),
        refused=_words(ending, refused), present=present, why=why.where(present.isna(), pd.NA))


def _references(certificates: pd.DataFrame, grants_from: pd.DataFrame, grants_to: pd.DataFrame,
                unread_fields: pd.DataFrame) -> pd.DataFrame:
    """What listeners name as certificates, with ``secret`` (in words), ``granted`` and ``is_secret``."""
    refs = certificates.assign(ref_namespace=certificates["ref_namespace"].fillna(certificates["namespace"]))
    return refs.assign(
        secret=refs["ref_namespace"] + "/" + refs["ref_name"],
        granted=granted(refs, grants_from, grants_to, unread_fields),
        is_secret=((refs["ref_kind"] == "Secret") & (refs["ref_group"] == "")).fillna(False))


def _words(ending: pd.DataFrame, refs: pd.DataFrame) -> pd.Series:
    words = named(ending, LISTENER, refs, "secret")
    return words.mask(words == "", pd.NA).astype(STRING)
