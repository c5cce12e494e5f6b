"""What the bindings of admission policies do: to be bound is not to act.

A binding acts on what its policy and it both match. It does nothing where that is nothing: no namespace that exists, no
resource, parameters that are gone and that it does without. What conditions, labels of objects and exclusions leave out
is not worked out, so there it is not known. Source: Kubernetes API reference, admissionregistration.k8s.io/v1
(MatchResources, ParamRef); documentation of ValidatingAdmissionPolicy.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.label_selectors import select
from auditkit.tables.resources import BUILTIN, RESOURCES

_SAME = {"policy": "policy"}
_POLICY, _BINDING = {"type": "type", "policy": "policy"}, {"type": "type", "name": "binding"}
_NAMESPACED = {f"{resource.group}/{resource.plural}" for resource in RESOURCES.values() if resource.namespaced}
_OWN_GROUPS = {name.partition("/")[0] for name in BUILTIN}
_BETAS = ("networking.k8s.io", "storage.k8s.io")
_VERSIONS = {(resource.group, version) for resource in RESOURCES.values() if resource.group in _OWN_GROUPS
             and resource.group not in _BETAS for version in resource.versions if "beta" not in version}
"""The groups and versions that every API server with admission policies has (Kubernetes' deprecated API migration
guide: their betas were removed by 1.26); but for groups of which some serve betas of newer kinds."""
NOTHING = "true"
"""An expression that holds for everything."""


def binding_effects(
    admission_policies: pd.DataFrame, admission_policy_rules: pd.DataFrame, admission_policy_selectors: pd.DataFrame,
    admission_validations: pd.DataFrame, admission_policy_bindings: pd.DataFrame,
    admission_binding_rules: pd.DataFrame, admission_binding_selectors: pd.DataFrame, namespaces: pd.DataFrame,
    namespace_labels: pd.DataFrame, config_maps: pd.DataFrame,
) -> pd.DataFrame:
    """The bindings that deny, each with its policy: type, policy, binding, acts (``<NA>``: not known), why not.

    ``acts`` is true where something that exists is refused if it breaks the policy. What the policy does where an
    expression errs (``failurePolicy``) is not in it.
    """
    denies = admission_policy_bindings[(admission_policy_bindings["action"] == "Deny").fillna(False)]
    bound = denies.drop_duplicates(["type", "name"]).reset_index(drop=True)
    policy = lookup(bound, _POLICY, admission_policies.rename(columns={"name": "policy"}), [
        "policy", "param_kind", "param_api", "conditions_count", "excluded_count", "validations_count"])
    found = bound[["type", "policy"]].assign(binding=bound["name"], acts=pd.Series(True, bound.index, BOOLEAN),
                                             why=pd.Series("", bound.index, STRING))
    here = _namespaces_of(bound, admission_policy_selectors, admission_binding_selectors, namespaces, namespace_labels)
    narrowed = (bound["rules_count"] > 0).fillna(True)
    idle = has(bound, _SAME, admission_validations) & ~has(bound, _SAME, _telling(admission_validations))
    of_objects = _selected(bound, admission_policy_selectors, admission_binding_selectors, "objectSelector")
    excluded = (policy["excluded_count"] + bound["excluded_count"] > 0).fillna(True)
    missing, unsure = _parameters(bound, policy, here, namespaces, config_maps)
    for what, acts, why in (
        (policy["conditions_count"].ne(0).fillna(True), pd.NA, "its match conditions can exclude requests"),
        (~has(bound, _POLICY, admission_policy_rules[_about_something(admission_policy_rules)]), pd.NA,
         "it is unknown whether the server has a resource that its rules name"),
        (of_objects, pd.NA, "it excludes objects by labels, which their authors can set"),
        (excluded, pd.NA, "its exclude rules can exclude requests"),
        (unsure, pd.NA, "it is unknown whether its parameters exist"),
        (_nowhere(bound, here) & ~_only_namespaced(bound, admission_policy_rules), pd.NA,
         "its selectors select no namespace, and it is unknown whether it covers cluster-scoped resources"),
        (_nowhere(bound, here) & _only_namespaced(bound, admission_policy_rules), False,
         "its selectors select no existing namespace"),
        (missing, False, "its parameters do not exist, and parameterNotFoundAction is Allow"),
        (narrowed & ~_overlaps(bound, admission_policy_rules, admission_binding_rules), False,
         "its rules and the rules of its policy do not overlap"),
        (~has(bound, _POLICY, admission_policy_rules), False, "its policy covers no resource"),
        ((policy["validations_count"] == 0).fillna(False) | idle, False, "its policy rejects nothing"),
        (policy["policy"].isna(), False, "its policy does not exist"),
    ):
        what = what.fillna(False).to_numpy(bool)
        found["acts"], found["why"] = found["acts"].mask(what, acts), found["why"].mask(what, why)
    return found.astype({"type": STRING, "policy": STRING, "binding": STRING})


def _about_something(rules: pd.DataFrame) -> pd.Series:
    """Whether each rule is about a resource that there may be. One of Kubernetes' own groups is known by its plural:
    ``pod``, ``deployments`` in the core group and ``apps/v1`` for a group are about nothing."""
    plural, group = rules["resource"].str.replace(r"/.*$", "", regex=True), rules["group"]
    name = group + "/" + plural
    own = name.isin(BUILTIN | _NAMESPACED) | plural.eq("*")
    outside = (rules["scope"] == "Cluster") & name.isin(_NAMESPACED)
    strange = (group.isin(_OWN_GROUPS) & ~own) | group.str.contains("/", regex=False)
    return ~(strange | outside).fillna(False)


def in_served_group(rules: pd.DataFrame, api_services: pd.DataFrame) -> pd.Series:
    """Whether each rule of a policy is about a group that Kubernetes has, or that an APIService serves, in a version
    that is served. Where no APIService of the group is known, one of Kubernetes' own has the versions of `_VERSIONS`.
    """
    group, version = rules["group"], rules["version"]
    served = api_services[["group", "version"]].fillna({"group": ""})
    listed = set(served["group"])
    ours = {(name, each) for name, each in _VERSIONS if name not in listed}
    pairs = {*ours, *served.itertuples(index=False, name=None)}
    any_version = (version == "*").fillna(False)
    old = pd.Series([(one, each) not in pairs for one, each in zip(group, version, strict=True)], rules.index)
    there = group.isin({"*", *_OWN_GROUPS, *listed})
    told = group.isin({*listed, *(name for name, _ in ours)})
    return (there & ~(told & old & ~any_version)).astype(BOOLEAN)


def _telling(validations: pd.DataFrame) -> pd.DataFrame:
    """The expressions that do not hold for everything."""
    return validations[(validations["expression"].str.strip() != NOTHING).fillna(True)]


def _number(bound: pd.DataFrame, selectors: pd.DataFrame, of: str, key: str, name: str) -> pd.DataFrame:
    """The requirements of selectors of this sort, under the number of each binding that they limit."""
    number = bound[["type", name]].set_axis(["type", key], axis=1).assign(selector=np.arange(len(bound)))
    return selectors[(selectors["of"] == of).fillna(False)].merge(number, on=["type", key])


def _selected(bound: pd.DataFrame, of_policies: pd.DataFrame, of_bindings: pd.DataFrame, of: str) -> pd.Series:
    """True if the policy or the binding has a selector of this sort that asks for anything."""
    return (has(bound, _POLICY, of_policies[(of_policies["of"] == of).fillna(False)])
            | has(bound, _BINDING, of_bindings[(of_bindings["of"] == of).fillna(False)]))


def _namespaces_of(bound: pd.DataFrame, of_policies: pd.DataFrame, of_bindings: pd.DataFrame,
                   namespaces: pd.DataFrame, labels: pd.DataFrame) -> np.ndarray:
    """In which namespaces each binding is asked: bindings by namespaces."""
    things = namespaces[["name"]].set_axis(["namespace"], axis=1).assign(thing=np.arange(len(namespaces)))
    labels = labels.merge(things, on="namespace")
    picked = [select(_number(bound, rows, "namespaceSelector", key, name), labels, len(bound), len(namespaces))[:-1]
              for rows, key, name in ((of_policies, "policy", "policy"), (of_bindings, "binding", "name"))]
    return np.asarray(picked[0] & picked[1])


def _nowhere(bound: pd.DataFrame, here: np.ndarray) -> pd.Series:
    """True if there are namespaces, and a binding is asked in none of them."""
    nowhere = ~here.any(axis=1) if here.shape[1] else np.zeros(len(bound), bool)
    return pd.Series(nowhere, bound.index, BOOLEAN)


def _only_namespaced(bound: pd.DataFrame, rules: pd.DataFrame) -> pd.Series:
    """For each policy, true if it is surely about nothing outside of namespaces."""
    plural = rules["resource"].str.replace(r"/.*$", "", regex=True)
    inside = (rules["scope"] == "Namespaced") | (rules["group"] + "/" + plural).isin(_NAMESPACED)
    return ~has(bound, _POLICY, rules[~inside.fillna(False)])


def _overlaps(bound: pd.DataFrame, of_policies: pd.DataFrame, of_bindings: pd.DataFrame) -> pd.Series:
    """True if a rule of each binding and one of its policy can be about the same request."""
    named = bound[["type", "policy", "name"]].rename(columns={"name": "binding"})
    pairs = named.merge(of_policies, on=["type", "policy"]).merge(of_bindings, on=["type", "binding"])
    fits = pd.Series(True, pairs.index, BOOLEAN)
    for what in ("operation", "group", "resource"):
        one, two = pairs[f"{what}_x"], pairs[f"{what}_y"]
        fits &= ((one == two) | one.isin(["*", "*/*"]) | two.isin(["*", "*/*"])).fillna(True)
    return has(bound, _BINDING, pairs[fits.fillna(True)])


def _parameters(bound: pd.DataFrame, policy: pd.DataFrame, here: np.ndarray, namespaces: pd.DataFrame,
                config_maps: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether parameters are missing which each binding does without, and whether that is not known.

    Only ConfigMaps by name can be looked up. Where a binding denies what has no parameters, they need not exist.
    """
    needs = policy["param_kind"].notna() & ~(bound["has_param"] & (bound["param_not_found"] == "Deny")).fillna(False)
    looked = (policy["param_kind"].eq("ConfigMap") & policy["param_api"].eq("v1")
              & bound["param_not_found"].eq("Allow") & bound["param"].notna()).fillna(False)
    named = {"param_namespace": "namespace", "param": "name"}
    there = has(bound, named, config_maps)
    own = bound["param_namespace"].isna()
    places, spots = np.nonzero(here)
    asked = pd.DataFrame({"binding": places, "param_namespace": namespaces["name"].take(spots).array,
                          "param": bound["param"].take(places).array})
    hit = has(asked, named, config_maps).to_numpy(bool)
    hits, all_ = (np.bincount(asked["binding"][mask], minlength=len(bound)) for mask in (hit, np.ones(len(hit), bool)))
    there = there.where(~own, pd.Series(hits > 0, bound.index, BOOLEAN))
    some = own & pd.Series((hits > 0) & (hits < all_), bound.index, BOOLEAN)
    return needs & looked & ~there, needs & (~looked | some)
