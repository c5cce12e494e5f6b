"""A policy with its bindings: which failure denies, what is only a warning, and what stays unknown."""

import subprocess
import sys
from pathlib import Path

import pytest
from policy_worlds import binding, pod, policy, request

from auditkit.admission import Unresolved, decide
from auditkit.admission.cel.engine import engine
from auditkit.errors import MissingDependency, UsageError

DENIED = "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "
FALSE = {"expression": "object.spec.containers.size() > 1", "message": "too few"}
BROKEN = "object.spec.nope == 1"
SAYS_BROKEN = "expression 'object.spec.nope == 1' resulted in error: no such key: nope"


def decided(*validations, bindings=None, asked=None, context=None, **spec):
    return decide(policy(*validations, **spec), bindings or [binding()], asked or request(pod()), context or {})


def test_validations_that_are_true_allow():
    assert decided("object.metadata.name == 'web'").outcome == "allowed"


def test_a_validation_that_is_false_denies_with_its_message():
    found = decided(FALSE)
    assert (found.outcome, found.message, found.reason, found.code) == ("denied", DENIED + "too few", "Invalid", 422)


@pytest.mark.parametrize(("reason", "code"), [("Forbidden", 403), ("RequestEntityTooLarge", 413), ("Invalid", 422)])
def test_a_reason_has_its_code(reason, code):
    found = decided({**FALSE, "reason": reason})
    assert (found.reason, found.code) == (reason, code)


def test_only_the_first_failure_is_named_and_all_are_kept():
    found = decided("true", FALSE, {"expression": "false", "message": "second"})
    assert found.message == DENIED + "too few"
    assert [(each.index, each.message) for each in found.failures] == [(1, "too few"), (2, "second")]


@pytest.mark.parametrize(("failure_policy", "outcome", "message"), [
    ("Fail", "denied", DENIED + SAYS_BROKEN), ("Ignore", "allowed", None)])
def test_an_error_follows_the_failure_policy_and_is_a_failure_in_any_case(failure_policy, outcome, message):
    found = decided(BROKEN, failurePolicy=failure_policy)
    assert (found.outcome, found.message) == (outcome, message)
    assert [(each.outcome, each.message) for each in found.failures] == [("error", SAYS_BROKEN)]


def test_a_false_validation_denies_whatever_the_failure_policy_is():
    assert decided(FALSE, failurePolicy="Ignore").outcome == "denied"


@pytest.mark.parametrize(("expression", "message"), [
    ("'only ' + string(object.spec.containers.size())", "only 1"), ("'  spaces '", "spaces"), ("''", "too few"),
    ("'  '", "too few"), ("'two\\nlines'", "too few"), ("object.spec.nope", "too few"),
    ("'" + "x" * 6000 + "'", "too few")])
def test_the_message_is_that_of_the_message_expression_where_it_is_a_text_of_one_line(expression, message):
    assert decided({**FALSE, "messageExpression": expression}).message == DENIED + message


def test_without_a_message_the_expression_is_named():
    assert decided("  false ").message == DENIED + "failed expression: false"


def test_a_warning_has_the_form_of_a_header_and_does_not_deny():
    found = decided({**FALSE, "message": 'a "quoted" text'}, bindings=[binding("Warn")])
    assert found.outcome == "allowed"
    assert found.warnings == ("299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': "
                              "a \\\"quoted\\\" text\"",)


def test_a_warning_with_a_line_break_is_not_sent():
    assert decided("false &&\n false", bindings=[binding("Warn")]).warnings == ()


def test_equal_warnings_are_sent_once_and_long_ones_are_cut():
    long = [{"expression": "false", "message": f"{number} " + "x" * 1000} for number in range(5)]
    assert len(decided(FALSE, FALSE, bindings=[binding("Warn")]).warnings) == 1
    assert {len(each) for each in decided(*long, bindings=[binding("Warn")]).warnings} == {256 + len('299 - ""')}


def test_the_audit_log_has_only_the_first_failure():
    found = decided("true", FALSE, "false", bindings=[binding("Audit", "Warn")])
    assert found.outcome == "allowed"
    assert found.audit_failure == {"message": "too few", "policy": "p", "binding": "b", "expressionIndex": 1,
                                   "validationActions": ["Audit", "Warn"]}


def annotation(expression):
    return [{"key": "count", "valueExpression": expression}]


@pytest.mark.parametrize(("expression", "value"), [
    ("'n=' + string(object.spec.containers.size())", {"count": "n=1"}), ("null", {}), ("'  '", {}), ("' a '", {"count": "a"})])
def test_audit_annotations_that_have_a_text_are_kept(expression, value):
    assert decided("true", auditAnnotations=annotation(expression)).audit_annotations == value


def test_the_values_of_an_annotation_under_several_bindings_are_joined():
    found = decided("true", auditAnnotations=annotation("params == null ? 'none' : params.data.x"),
                    paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, context={"params": [config("c", x="1")]},
                    bindings=[binding(), binding(name="b2", paramRef={"name": "c"}), binding(name="b3")])
    assert found.audit_annotations == {"count": "none, 1"}


@pytest.mark.parametrize(("failure_policy", "outcome"), [("Fail", "denied"), ("Ignore", "allowed")])
def test_an_error_in_an_audit_annotation_denies_even_where_no_action_does(failure_policy, outcome):
    found = decided("true", auditAnnotations=annotation("object.spec.nope"), bindings=[binding("Audit")],
                    failurePolicy=failure_policy)
    assert found.outcome == outcome


def condition(*expressions):
    return [{"name": f"c{number}", "expression": each} for number, each in enumerate(expressions)]


@pytest.mark.parametrize(("conditions", "outcome"), [
    (["true"], "denied"), (["true", "false"], "not_matched"), ([BROKEN, "false"], "not_matched"),
    (["request.operation == 'UPDATE'"], "not_matched"), (["namespaceObject == null"], "denied")])
def test_match_conditions_decide_whether_validations_count(conditions, outcome):
    assert decided(FALSE, matchConditions=condition(*conditions)).outcome == outcome


@pytest.mark.parametrize(("failure_policy", "outcome"), [("Fail", "denied"), ("Ignore", "allowed")])
def test_an_error_of_a_match_condition_follows_the_failure_policy(failure_policy, outcome):
    found = decided("false", matchConditions=condition("true", BROKEN), failurePolicy=failure_policy)
    assert found.outcome == outcome
    assert [(each.match_condition, each.outcome) for each in found.failures] == [("c1", "error")]


def test_errors_of_several_match_conditions_are_named_together():
    found = decided("true", matchConditions=condition(BROKEN, "object.x == 1", BROKEN))
    says = "expression 'object.x == 1' resulted in error: no such key: x"
    assert found.message == f"{DENIED}[{SAYS_BROKEN}, {says}]"


def test_variables_are_evaluated_when_they_are_read_and_name_themselves_in_errors():
    variables = [{"name": "boom", "expression": "object.spec.nope"},
                 {"name": "more", "expression": "variables.boom + 1"}]
    assert decided("true || variables.boom == 1", variables=variables).outcome == "allowed"
    assert decided("variables.more == 1", variables=variables).message == (
        DENIED + "expression 'variables.more == 1' resulted in error: composited variable \"more\" fails to evaluate: "
                 "composited variable \"boom\" fails to evaluate: no such key: nope")


def test_a_variable_that_was_declared_is_there_whatever_it_is():
    variables = [{"name": "no", "expression": "false"}, {"name": "boom", "expression": "object.spec.nope"}]
    assert decided("has(variables.no) && !variables.no && has(variables.boom)", "'no' in variables",
                   "variables[?'none'].orValue(1) == 1", "variables['no'] == false", variables=variables).outcome == "allowed"


def config(name, namespace="shop", labels=None, **data):
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


# --- what is not known ------------------------------------------------------------------------------------------------


def test_rights_that_are_not_given_are_unknown_and_the_expression_is_named():
    expression = "authorizer.group('').resource('pods').check('list').allowed()"
    found = decided(expression)
    assert (found.outcome, found.message) == ("unknown", None)
    assert found.unresolved == (Unresolved(expression, "the rights of users and service accounts (authorizer)"),)


def test_a_denial_before_what_is_unknown_stands():
    unknown = "authorizer.path('/x').check('get').allowed()"
    assert decided(FALSE, unknown).message == DENIED + "too few"
    assert decided(unknown, FALSE).outcome == "unknown"


def test_what_is_unknown_and_cannot_deny_allows_and_is_named():
    found = decided("authorizer.path('/x').check('get').allowed()", bindings=[binding("Warn")])
    assert found.outcome == "allowed"
    assert len(found.unresolved) == 1


def test_what_does_not_matter_may_be_unknown():
    unknown = "authorizer.path('/x').check('get').allowed()"
    assert decided(f"{unknown} || object.metadata.name == 'web'").outcome == "allowed"
    assert decided("false", matchConditions=condition(unknown, "false")).outcome == "not_matched"
    assert decided("false", matchConditions=condition(unknown, "true")).outcome == "unknown"


@pytest.mark.parametrize("expression", ["object.nope(", "nobody.knows()", "1 + 'a' == 2"])
def test_an_expression_that_does_not_compile_is_unknown(expression):
    found = decided(expression)
    assert found.outcome == "unknown"
    assert found.unresolved[0].expression == expression
    assert found.unresolved[0].why.startswith("an expression that does not compile: ERROR: <input>:1:")


def test_an_expression_that_may_cost_more_than_the_server_allows_is_unknown():
    names = [{"name": f"n{number}", "image": "x" * 500} for number in range(60)]
    found = decided("object.spec.containers.all(a, object.spec.containers.all(b, a.image.matches(b.image)))",
                    asked=request(pod(containers=names)))
    assert found.outcome == "unknown"
    assert found.unresolved[0].why == "the API server's limit of costs: the expression may cost more"


@pytest.mark.parametrize(("expression", "why"), [
    ("semver('1.2." + "9" * 5000 + "').patch() > 0", "a value that cannot be calculated with here (ValueError)"),
    ("(" * 300 + "true" + ")" * 300, "an expression that does not compile: "),
    ("timestamp('0001-01-01T00:00:00Z').getHours('-01:00') > 0", "a value that cannot be calculated with here (OverflowError)"),
    ("namespaceObject.metadata.name == 'shop'", "the namespace shop")])
def test_what_is_beyond_bounds_or_not_given_is_unknown(expression, why):
    found = decided(expression, asked=request(pod(), namespaceObject=None))
    assert found.outcome == "unknown"
    assert found.unresolved[0].why.startswith(why)


READER = {"kind": "ClusterRole", "metadata": {"name": "reader"},
          "rules": [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]}
READS = {"kind": "ClusterRoleBinding", "metadata": {"name": "r"}, "roleRef": {"kind": "ClusterRole", "name": "reader"},
         "subjects": [{"kind": "Group", "name": "dev"}]}
LISTS = {"clusterroles": [READER], "clusterrolebindings": [READS], "roles": [], "rolebindings": []}
MAY_LIST = "authorizer.group('').resource('pods').check('list').allowed()"
MAY_CREATE = "authorizer.requestResource.check('create').allowed()"


@pytest.mark.parametrize("rights", [LISTS, [READER, READS], {"kind": "List", "items": [READER, READS]}])
def test_rights_that_are_given_decide(rights):
    assert decided(MAY_LIST, "!authorizer.group('').resource('secrets').check('list').allowed()", f"!{MAY_CREATE}",
                   "!authorizer.serviceAccount('shop', 'web').group('').resource('pods').check('list').allowed()",
                   context={"rbac": rights}).outcome == "allowed"


def test_rights_of_a_list_that_is_not_given_are_unknown():
    some = {name: given for name, given in LISTS.items() if name != "rolebindings"}
    assert decided(MAY_LIST, context={"rbac": some}).outcome == "allowed"
    found = decided(MAY_CREATE, context={"rbac": some})
    assert (found.outcome, found.unresolved[0].why) == ("unknown", "the rolebindings (authorizer)")
    found = decided(MAY_LIST, context={"rbac": {"clusterrolebindings": [READS]}})
    assert (found.outcome, found.unresolved[0].why) == ("unknown", "the clusterroles (authorizer)")


@pytest.mark.parametrize(("rights", "why"), [
    ("admin", "it is a str"), ({"clusterRoles": []}, "it has 'clusterRoles'"),
    ([{"metadata": {"name": "r"}}], "an object has no kind"), (["r"], "an object has no kind"),
    ([{"kind": "Pod"}], "an object has the kind 'Pod'")])
def test_rights_of_another_form_are_a_clear_error(rights, why):
    with pytest.raises(UsageError, match=f"^The rbac of the context is not understood: {why}. Give the lists "):
        decided(MAY_LIST, context={"rbac": rights})


def test_bindings_of_other_policies_are_left_out():
    assert decided("false", bindings=[binding(policy="other")]).outcome == "not_matched"
    assert decided("false", bindings=[binding(policy="other", name="a"), binding()]).message.startswith(DENIED)


def test_without_the_package_a_sentence_says_what_to_install():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cel_expr_python", None)
        engine.cache_clear()
        with pytest.raises(MissingDependency, match="^Admission policies need the package cel-expr-python: "
                                                    r"`pip install auditkit\[admission\]`\.$"):
            engine()
    engine.cache_clear()


def test_the_package_is_loaded_only_where_an_expression_is_read():
    loads = "import sys, auditkit.admission; sys.exit('cel_expr_python' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loads], check=False, cwd=Path(__file__).parents[2]).returncode == 0
