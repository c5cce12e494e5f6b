"""Certificates of cert-manager and who issues them. Private keys are in Secrets, whose values are never read.

Source of fields and defaults: cert-manager/cert-manager, ``pkg/apis/certmanager/v1`` (types_certificate.go,
types_issuer.go) and ``pkg/apis/meta/v1``.
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity

GROUP = "cert-manager.io"
CERTIFICATES = f"certificates.{GROUP}"
ISSUERS = {"Issuer": f"issuers.{GROUP}", "ClusterIssuer": f"clusterissuers.{GROUP}"}
RESOURCES = (
    Resource(CERTIFICATES, "Certificate", builtin=False),
    *(Resource(source, kind, builtin=False, namespaced=kind == "Issuer") for kind, source in ISSUERS.items()),
)
_KIND = Column("kind", "string", "=kind", "kind of the object")
_GENERATION = Column("generation", "int64", "/metadata.generation", "how often its spec was changed")

TABLES = (
    Table(
        "issued_certificates", "Certificates of cert-manager: their Secret, issuer and validity",
        (Rows(CERTIFICATES, constants={"kind": "Certificate"}),),
        (
            _KIND, *identity(), _GENERATION,
            Column("secret", "string", "spec.secretName", "Secret that holds the certificate; it is not read"),
            Column("is_ca", "boolean", "spec.isCA", "it may sign others", absent=False),
            Column("issuer_group", "string", "spec.issuerRef.group", "API group of the issuer", absent=GROUP),
            Column("issuer_kind", "string", "spec.issuerRef.kind", "kind of the issuer", absent="Issuer"),
            Column("issuer", "string", "spec.issuerRef.name", "name of the issuer"),
            Column("not_before", "timestamp", "status.notBefore", "start of its validity"),
            Column("not_after", "timestamp", "status.notAfter", "end of its validity; <NA>: none was issued"),
            Column("renewal_time", "timestamp", "status.renewalTime", "when it is to be renewed"),
            Column("failed_attempts", "int64", "status.failedIssuanceAttempts",
                   "attempts to issue it that have failed since the last success", absent=0),
        ),
        ("namespace", "name"), kind="Certificate",
    ),
    Table(
        "certificate_names", "DNS names that Certificates of cert-manager are for",
        (Rows(CERTIFICATES, "spec.dnsNames[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the certificate"),
            Column("certificate", "string", "/metadata.name", "name of the certificate"),
            Column("host", "string", ".", "DNS name, perhaps with a wildcard"),
        ),
        ("namespace", "certificate", "host"),
    ),
    Table(
        "certificate_issuers", "Issuers and ClusterIssuers of cert-manager",
        tuple(Rows(source, constants={"kind": kind}) for kind, source in ISSUERS.items()),
        (
            _KIND, *identity(), _GENERATION,
            Column("type", "string", "spec.acme|spec.ca|spec.selfSigned|spec.vault|spec.venafi",
                   "how it issues; <NA>: in another way", read="first_of"),
        ),
        ("kind", "namespace", "name"), kind="Issuer",
    ),
    Table(
        "certificate_conditions", "what cert-manager says of Certificates and issuers",
        tuple(Rows(source, "status.conditions[]", constants={"kind": kind})
              for kind, source in ({"Certificate": CERTIFICATES} | ISSUERS).items()),
        (
            _KIND, Column("namespace", "string", "/metadata.namespace", "namespace of the object"),
            Column("object", "string", "/metadata.name", "name of the object"),
            Column("type", "string", "type", "type of the condition"),
            Column("status", "string", "status", "True, False or Unknown"),
            Column("reason", "string", "reason", "reason that cert-manager gives, in one word"),
            Column("observed_generation", "int64", "observedGeneration", "generation that cert-manager has seen"),
        ),
        ("kind", "namespace", "object", "type"),
    ),
)
