"""Parameters of policies: the objects that a binding's ``paramRef`` names or selects.

Source: k8s.io/apiserver, ``pkg/admission/plugin/policy/generic/policy_dispatcher.go`` (CollectParams).
"""

from collections.abc import Sequence

from auditkit.admission.cel.values import Unknown
from auditkit.admission.kinds import is_listed, is_namespaced
from auditkit.admission.matching import selects
from auditkit.admission.request import Object, Request


class ConfigurationError(Exception):
    """A policy or binding cannot be used; the text is the API server's."""


def check_kind(kind: Object | None, context: Object) -> bool:
    """Whether the kind of the parameters is in namespaces. One that is not served is an error of the policy."""
    if not kind:
        return False
    version, name = kind["apiVersion"], kind["kind"]
    namespaced = is_namespaced(version, name)
    if namespaced is None:
        namespaced = _custom_scope(version, name, context)
    if namespaced is not None:
        return namespaced
    group = version.rpartition("/")[0]
    of_others = "." in group and not group.endswith(".k8s.io")
    if is_listed(version) or (of_others and "crds" in context):
        raise ConfigurationError("failed to find resource referenced by paramKind: "
                                 f"'{group}/{version.rpartition('/')[2]}, Kind={name}'")
    raise Unknown(f"whether {version} {name} is served, the kind of the parameters")


def _custom_scope(version: str, kind: str, context: Object) -> bool | None:
    """Whether a custom kind is in namespaces; ``None`` where it is not served in this version."""
    for definition in context.get("crds") or ():
        served = [f"{definition['group']}/{each['name']}" for each in definition["versions"] if each["served"]]
        if definition["names"]["kind"] == kind and version in served:
            return bool(definition["scope"] == "Namespaced")
    return None


def collect(kind: Object | None, reference: Object | None, request: Request, context: Object
            ) -> Sequence[Object | None]:
    """The parameters to evaluate with, one after the other; ``[None]`` where the binding or policy wants none."""
    if not kind or not reference:
        return [None]
    home = _home(check_kind(kind, context), reference, request)
    if "params" not in context:
        raise Unknown(f"the parameters ({kind['kind']})")
    of_kind = [each for each in context["params"] if (each["apiVersion"], each["kind"]) == (kind["apiVersion"],
                                                                                            kind["kind"])]
    found = [each for each in of_kind if (home is None or each["metadata"].get("namespace") == home)
             and _meant(reference, each)]
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def _home(namespaced: bool, reference: Object, request: Request) -> str | None:
    """The namespace to look in; ``None`` for kinds that are in none."""
    given = reference.get("namespace")
    if not namespaced:
        if given:
            raise ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return None
    if not given and not request.namespace:
        raise ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped "
                                 "resources")
    return str(given or request.namespace)


def _meant(reference: Object, thing: Object) -> bool:
    if reference.get("name"):
        return bool(thing["metadata"]["name"] == reference["name"])
    return selects(reference.get("selector"), thing["metadata"].get("labels"))
