"""Certificates that cert-manager issues: whether they are valid, and renewed before they expire."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.network.gateways.conditions import said
from auditkit.analysis.network.routes.controllers import idle
from auditkit.analysis.network.routes.reasons import decided
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.evidence import passed
from auditkit.tables.cert_manager import GROUP

SECRET = {"namespace": "namespace", "secret": "name"}
SELF = {"kind": "kind", "namespace": "namespace", "name": "object"}


@check(
    severity="high", finding="is expired, not ready, or at risk of not being renewed",
    wanted="issued, not expired, its Secret and issuer are there and ready, and no renewal has failed or is overdue",
    remedy="Read the events of the Certificate, its CertificateRequests and its issuer, and correct what they name.",
    source="cert-manager documentation: Certificate resource; API reference: CertificateStatus; 45 CFR 164.312(e)",
    needs=("secrets", "certificate_issuers"),
)
def valid_and_renewed(issued_certificates: pd.DataFrame, certificate_conditions: pd.DataFrame,
                      certificate_issuers: pd.DataFrame, secrets: pd.DataFrame, route_controllers: pd.DataFrame,
                      collection: pd.DataFrame, *, overdue_hours: int = 24) -> Judgement:
    """Certificates of cert-manager are valid and renewed.

    Clients refuse an expired certificate, or get used to ignoring the warning. A renewal is overdue when cert-manager
    has not made it ``overdue_hours`` after the time that it had planned. Where no pod of cert-manager is ready, whether
    it will be renewed is unknown.
    """
    found, conditions = issued_certificates, certificate_conditions
    conditions = conditions.assign(namespace=conditions["namespace"].fillna(""))
    ready = said(found, SELF, conditions, "Ready")
    issuer = _issuers(found, certificate_issuers, conditions)
    lost = ~has(found, SECRET, secrets)
    refused = ready["reason"].fillna("no reason is given")
    expired, early = passed(found["not_after"], collection), ~passed(found["not_before"], collection)
    overdue, nobody = passed(found["renewal_time"], collection, overdue_hours), idle(route_controllers, "cert-manager")
    ok, why = decided(found.index, (
        (expired, False, "it has expired"),
        (lost, False, "its Secret is not there"),
        (~ready["holds"], False, "cert-manager does not find it ready: " + refused),
        (issuer["missing"], False, "its issuer is not there"),
        (~issuer["ready"], False, "its issuer is not ready, so that it cannot be renewed"),
        (found["failed_attempts"] > 0, False, "the last attempts to renew it have failed"),
        (overdue, False, "its renewal is overdue"),
        (early, False, "it is not valid yet"),
        (found["not_after"].isna(), pd.NA, "cert-manager does not say when it expires"),
        (expired.isna(), pd.NA, "the time at which the cluster was observed is not known"),
        (ready["holds"].isna(), pd.NA, "cert-manager does not say that it is ready as it is now"),
        (issuer["doubtful"], pd.NA, "cert-manager does not say that its issuer is ready as it is now"),
        (found["renewal_time"].isna(), pd.NA, "cert-manager does not say when it will be renewed"),
        (overdue.isna(), pd.NA, "the time at which the cluster was observed is not known"),
        (pd.Series(bool(nobody), found.index), pd.NA, nobody),
    ))
    shown = found.assign(ready=ready["holds"])
    only_missing = (lost | issuer["missing"]) & ~(expired | ~ready["holds"]).fillna(False)
    return judge(shown, ok, ["ready", "not_after", "renewal_time", "issuer"], reasons=why.fillna(""),
                 for_want=only_missing)


def _issuers(certificates: pd.DataFrame, issuers: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    """Of each certificate whether its issuer is missing, ready, and doubtful (nothing current is said of it).

    Issuers of other groups than cert-manager's own are not read, and keep no certificate from passing.
    """
    cluster_wide = (certificates["issuer_kind"] == "ClusterIssuer").fillna(False)
    asked = pd.DataFrame({
        "kind": certificates["issuer_kind"], "name": certificates["issuer"],
        "namespace": certificates["namespace"].mask(cluster_wide, "")})
    there = issuers.assign(namespace=issuers["namespace"].fillna(""))
    on = {"kind": "kind", "namespace": "namespace", "name": "name"}
    own = (certificates["issuer_group"].isin([GROUP, ""])).astype(BOOLEAN)
    asked["generation"] = lookup(asked, on, there, ["generation"])["generation"]
    ready = said(asked, SELF, conditions, "Ready")["holds"].where(own, pd.NA)
    missing = own & ~has(asked.astype({"name": STRING}), on, there)
    return pd.DataFrame({"missing": missing, "ready": ready, "doubtful": own & ~missing & ready.isna()})
