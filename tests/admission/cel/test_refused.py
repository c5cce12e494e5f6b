"""What the API server refuses of expressions beyond their types."""

import pytest

from auditkit.admission.evaluation import compile_errors


def refused(expression: str, **spec: object) -> bool:
    """True if a policy with this validation is not stored."""
    return bool(list(compile_errors({"spec": {"validations": [{"expression": expression}], **spec}})))


@pytest.mark.parametrize("expression", [
    "request.operations == 'CREATE'", "has(request.object)", "request.?uid.hasValue()", "request['name'] == 'x'",
    "request.kind.name == ''", "request.resource.kind == ''", "request.userInfo.name == ''",
    "object.spec.l.all(x, request.nope == x)", "namespaceObject.kind == 'Namespace'",
    "namespaceObject.metadata.ownerReferences.size() > 0", "params.data.max == '1'", "",
    "'a'.matches('[')", "'a'.find('(') == ''", "duration('1 day') > duration('1s')", "timestamp('now') > timestamp(0)",
    "[1, 'a'].size() == 2", "{'a': 1, 'b': 'c'}.size() == 2", "{'a': 1, 2: 1}.size() == 2", "[1, null].size() == 2",
    "'%s %s'.format(['a']) == ''", "'%s'.format(['a', 'b']) == ''", "'%d'.format(['a']) == ''", "'%q'.format([1]) == ''",
])
def test_what_the_server_refuses(expression: str) -> None:
    assert refused(expression)


@pytest.mark.parametrize("expression", [
    "request.operation == 'CREATE'", "has(request.subResource)", "request.options.any.field == 1",
    "request.userInfo.extra['a'].size() > 0", "request.requestKind.kind == 'Pod'", "object.spec.l.all(request, request.nope)",
    "namespaceObject.metadata.labels.any == 'x'", "namespaceObject.metadata.name == 'x'", "oldObject.uid == 1",
    "'a'.matches(object.pattern)", "'a'.matches('^a$')", "duration('1h') > duration('1s')",
    "[dyn(1), object.x].size() == 2", "[?object.?a, 'b'].size() == 1", "[[1], []].size() == 2",
    "'%s is %.2f%%'.format(['a', 1.5]) == ''", "'%s'.format([object.l]) == ''", "'%d'.format([object.n]) == ''",
])
def test_what_the_server_stores(expression: str) -> None:
    assert not refused(expression)


def test_params_are_there_where_the_policy_names_their_kind() -> None:
    assert not refused("params.data.max == '1'", paramKind={"apiVersion": "v1", "kind": "ConfigMap"})
