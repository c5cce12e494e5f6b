"""Entrances that custom resources open: what is known of their fields, of all engines."""

from auditkit.tables import gateway_api, openshift

KNOWN: dict[str, tuple[str, ...]] = {known.resource: known.harmless
                                    for known in (*gateway_api.KNOWN, *openshift.KNOWN)}
"""The fields of each resource that are known and change nothing, beside those that columns read."""
