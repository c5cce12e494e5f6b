"""Expressions and what they are worth: as the API server's engine (cel-go 0.26) evaluates them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.admission.cel.checker import CompileError, check
from auditkit.admission.cel.cost import Budget
from auditkit.admission.cel.engine import engine
from auditkit.admission.cel.plan import plan
from auditkit.admission.cel.scope import Scope
from auditkit.admission.cel.values import CelError, Duration, Optional, Timestamp, TypeValue, Uint, Unknown

OBJECT = {
    "name": "web", "count": 3, "ratio": 0.5, "whole": 2.0, "on": True, "nothing": None, "big": 9007199254740993,
    "list": [1, 2, 3], "words": ["b", "a"], "mixed": [1, "a", None], "empty": [], "map": {"a": 1, "b": 2}, "none": {},
    "deep": {"er": {"value": 7}}, "image": "registry.example:5000/team/web:1.25.3", "since": "2026-03-01T10:30:05.25Z",
}


def value(expression, **names):
    """What an expression is worth, or its error."""
    node, _ = check(expression, {})
    given_names = {"object": OBJECT, "oldObject": None, **names}
    try:
        return plan(node)(Scope(given_names, Budget(10 ** 6)))
    except CelError as error:
        return f"error: {error}"


@pytest.mark.parametrize(("expression", "worth"), [
    ("null", None), ("true", True), ("-5", -5), ("5u", Uint(5)), ("1.5", 1.5), ("b'\\xff'", b"\xff"), ("'a\\u00e9'", "aé"),
    ("[1, 2]", [1, 2]), ("{'a': 1}", {"a": 1}), ("int", TypeValue("int")), ("-9223372036854775808", -2 ** 63),
    ("[object.?name, object.?no][0].value()", "web"), ("[?object.?no, ?object.?name]", ["web"]),
    ("{?'a': object.?no, ?'b': object.?name}", {"b": "web"}), ("1e400", math.inf)])
def test_literals(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("object.count", 3), ("object['count']", 3), ("object.deep.er.value", 7), ("object.list[1]", 2),
    ("object.list[1.0]", 2), ("object.no", "error: no such key: no"), ("object.no.more", "error: no such key: no"),
    ("object.name.more", "error: no such key: more"), ("object.nothing.more", "error: no such key: more"),
    ("oldObject.spec", "error: no such key: spec"), ("object.list[7]", "error: index out of bounds: 7"),
    ("object.list[-1]", "error: index out of bounds: -1"), ("object.map[object.name]", "error: no such key: web"),
    ("object.list['a']", "error: unsupported index type 'string' in list"),
    ("object.list[0.5]", "error: unsupported index value 0.5 in list"),
    ("object.map[object.list]", "error: invalid qualifier type: *types.baseList"),
    ("dyn({1: 'a'})[1u]", "a"), ("dyn({1: 'a'})[1.0]", "a"), ("dyn({1: 'a'})[true]", "error: no such key: true"),
    ("has(object.count)", True), ("has(object.no)", False), ("has(object.nothing)", True), ("has(oldObject.spec)", False),
    ("has(object.no.more)", "error: no such key: no"), ("has(object.name.more)", False)])
def test_fields_and_elements(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("object.?no", Optional()), ("object.?count", Optional.of(3)), ("object.?no.more.still", Optional()),
    ("object.?deep.er.value", Optional.of(7)), ("object.?deep.no", Optional()), ("oldObject.?spec.?x", Optional()),
    ("object.list[?1]", Optional.of(2)), ("object.list[?9]", Optional()), ("object.?no.orValue(1)", 1),
    ("object.?nothing.orValue(1)", None), ("object.?no.or(object.?count)", Optional.of(3)), ("has(object.?no.more)", False),
    ("object.?count.hasValue()", True), ("object.?no.value()", "error: optional.none() dereference"),
    ("object.?count.optMap(c, c + 1)", Optional.of(4)), ("object.?no.optMap(c, c.x)", Optional()),
    ("object.?deep.optFlatMap(d, d.?er.value)", Optional.of(7)), ("optional.ofNonZeroValue('')", Optional()),
    ("optional.ofNonZeroValue(0.5)", Optional.of(0.5)), ("optional.ofNonZeroValue({})", Optional()),
    ("object.?count.orValue(object.no)", 3), ("object.no.?x.orValue(1)", "error: no such key: no"),
    ("optional.none() == optional.of(1)", False),
    ("object.?count == optional.of(3)", True), ("object.list.first()", Optional.of(1)), ("object.empty.last()", Optional()),
    ("object.count.hasValue()", "error: no such overload: hasValue(int)"), ("object.count.orValue(7)", 3)])
def test_optional_values(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("true && object.no", "error: no such key: no"), ("object.no && false", False), ("false && object.no", False),
    ("object.no || true", True), ("object.no || object.nix", "error: no such key: no"), ("object.name || true", True),
    ("object.name && true", "error: no such overload"), ("!object.name", "error: no such overload"),
    ("!object.name || true", True), ("object.on ? 1 : object.no", 1), ("object.name ? 1 : 2", "error: no such overload"),
    ("object.no ? 1 : 2", "error: no such key: no")])
def test_an_error_counts_only_where_no_other_side_decides(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("object.list.all(x, x > 0)", True), ("object.list.all(x, x > 1)", False), ("object.mixed.exists(x, x == 'a')", True),
    ("object.mixed.exists(x, x > 1)", "error: no such overload"), ("object.mixed.all(x, x > 1)", False),
    ("object.list.exists_one(x, x == 2)", True), ("object.list.existsOne(x, x > 1)", False),
    ("object.list.exists_one(i, x, i == 0 && x == 1)", True), ("object.list.existsOne(i, x, x > 1)", False),
    ("object.list.map(x, x * 2)", [2, 4, 6]), ("object.list.map(x, x > 1, x * 2)", [4, 6]), ("object.list.filter(x, x > 2)", [3]),
    ("object.map.map(k, k)", ["a", "b"]), ("object.map.all(k, v, v > 0)", True), ("object.list.all(i, v, v == i + 1)", True),
    ("object.list.transformList(i, v, i > 0, v)", [2, 3]), ("object.map.transformMap(k, v, v + 1)", {"a": 2, "b": 3}),
    ("object.map.transformMapEntry(k, v, {string(v): k})", {"1": "a", "2": "b"}),
    ("object.map.transformMapEntry(k, v, {'x': k})", "error: insert failed: key x already exists"),
    ("object.empty.all(x, false)", True), ("object.list.map(x, x.no)", "error: no such key: no"),
    ("object.name.all(c, true)", "error: got 'types.String', expected iterable type"),
    ("object.nothing.exists(c, true)", "error: got 'types.Null', expected iterable type"),
    ("object.count.all(i, c, true)", "error: unsupported comprehension range type: types.Int"),
    ("object.list.all(object, object > 0)", True), ("['exists_one(', object.name].exists_one(x, x == ')')", False)])
def test_macros(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("object.count == 3.0", True), ("object.count < 3.5", True), ("3u > object.count - 1", True), ("object.ratio == 0.5", True),
    ("object.count in [1.0, 3.0]", True), ("object.name == 3", False), ("object.nothing == null", True), ("object.on == 1", False),
    ("object.list == [1, 2, 3]", True), ("object.list == dyn([1.0, 2.0, 3.0])", True), ("object.map == {'b': 2, 'a': 1}", True),
    ("object.map != {'a': 1}", True), ("1 in object.map", False), ("'a' in object.map", True), ("object.name in object.list", False),
    ("1 in object.name", "error: no such overload"), ("object.name < 3", "error: no such overload"),
    ("object.nothing < 3", "error: no such overload: _<_"), ("object.list > object.list", "error: no such overload: _>_"),
    ("object.name < 'x'", True), ("'é' < 'z'", False), ("object.big == 9007199254740993", True), ("object.on > false", True),
    ("quantity('1') == object.count", "error: no such overload"), ("quantity('1') != object.count", True),
    ("type(object.whole) == double", True), ("type(object.count) == int", True), ("type(object.nothing)", TypeValue("null_type")),
    ("double('NaN') == double('NaN')", False), ("double('NaN') < 1.0", "error: NaN values cannot be ordered")])
def test_equality_and_order(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("object.count + 1", 4), ("object.ratio + 1.0", 1.5), ("object.name + '!'", "web!"), ("object.list + [4]", [1, 2, 3, 4]),
    ("object.count * object.ratio", "error: no such overload"), ("object.nothing + 1", "error: no such overload: _+_"),
    ("object.name - object.name", "error: no such overload"), ("object.map - object.map", "error: no such overload: _-_"),
    ("object.name + 1", "error: no such overload"), ("-7 / 2", -3), ("-7 % 2", -1), ("7 % -2", 1), ("7u / 2u", 3),
    ("1 / 0", "error: division by zero"), ("1 % 0", "error: modulus by zero"), ("1.0 / 0.0", math.inf),
    ("9223372036854775807 + 1", "error: integer overflow"), ("-9223372036854775808 / -1", "error: integer overflow"),
    ("-9223372036854775808 % -1", "error: integer overflow"), ("1u - 2u", "error: unsigned integer overflow"),
    ("-object.count", -3), ("-object.name", "error: no such overload"), ("-object.list", "error: no such overload: -_"),
    ("-object.on", "error: no such overload"), ("object.ratio % object.ratio", "error: no such overload: _%_"),
    ("size(object.list) + object.name.size() + size({'a': 1}) + size(b'ab')", 9), ("object.count.size()", "error: no such overload: size"),
    ("timestamp('2026-01-01T00:00:00Z') + duration('1h') - timestamp('2026-01-01T00:30:00Z')", Duration(30 * 60 * 10 ** 9)),
    ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: timestamp overflow")])
def test_arithmetic(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("int('42')", 42), ("int('x')", "error: type conversion error from 'string' to 'int'"), ("int(2.9)", 2), ("int(-2.9)", -2),
    ("int(1e30)", "error: integer overflow"), ("int(object.nothing)", "error: no such overload: int(null_type)"),
    ("int(object.list)", "error: no such overload: int(list)"), ("uint('7')", Uint(7)), ("uint(-1)", "error: unsigned integer overflow"),
    ("double('1e3')", 1000.0), ("double('1_0')", "error: type conversion error from 'string' to 'double'"), ("bool('t')", True),
    ("bool('yes')", "error: type conversion error from 'string' to 'bool'"), ("string(1.0)", "1"), ("string(1e6)", "1e+06"),
    ("string(123456.5)", "123456.5"), ("string(0.00001)", "1e-05"), ("string(1234567.0)", "1.234567e+06"), ("string(true)", "true"),
    ("string(b'\\xff')", "error: invalid UTF-8 in bytes, cannot convert to string"), ("string(duration('90m'))", "5400s"),
    ("string(duration('-1500ms'))", "-1.5s"), ("string(timestamp('2026-01-01T00:00:00.5+01:00'))", "2026-01-01T00:00:00.5+01:00"),
    ("timestamp('2026-01-01')", "error: type conversion error from 'string' to 'google.protobuf.Timestamp'"),
    ("timestamp(0)", Timestamp(0)), ("timestamp('2026-02-30T00:00:00Z')",
                                     "error: type conversion error from 'string' to 'google.protobuf.Timestamp'"),
    ("duration('1h30m') == duration('90m')", True), ("duration('1d')",
                                                     "error: type conversion error from 'string' to 'google.protobuf.Duration'"),
    ("int(duration('1s'))", 10 ** 9), ("int(timestamp('1970-01-01T00:01:00Z'))", 60), ("string(object.map)",
                                                                                     "error: no such overload: string(map)")])
def test_conversions(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("getFullYear()", 2026), ("getMonth()", 2), ("getDate()", 1), ("getDayOfMonth()", 0), ("getDayOfWeek()", 0),
    ("getDayOfYear()", 59), ("getHours()", 10), ("getMinutes()", 30), ("getSeconds()", 5), ("getMilliseconds()", 250),
    ("getHours('Europe/Zurich')", 11), ("getHours('-08:30')", 2), ("getMinutes('-08:30')", 0), ("getHours('02:00')", 12),
    ("getHours('Nowhere')", "error: unknown time zone Nowhere"), ("getHours('a:00')", 'error: strconv.Atoi: parsing "a": invalid syntax'),
    ("getHours('01:99')", "error: timezone offset minutes out of range [0, 59]: 01:99")])
def test_parts_of_a_moment(expression, worth):
    assert value(f"timestamp(object.since).{expression}") == worth


def test_parts_of_a_length():
    assert value("[duration('90m').getHours(), duration('90m').getMinutes(), duration('-1500ms').getSeconds(), "
                 "duration('1500ms').getMilliseconds()]") == [1, 90, -1, 1500]


def test_an_unknown_function_argument_is_unknown_unless_another_side_decides():
    unknown = {"params": Unknown("the parameters")}
    for expression in ("params.x == 1", "object.list.all(x, params.x == x)", "params.x || object.no", "[params]"):
        with pytest.raises(Unknown, match="the parameters"):
            value(expression, **unknown)
    assert value("params.x == 1 || true", **unknown) is True
    assert value("object.list.exists(x, x == 2 || params.x)", **unknown) is True


@pytest.mark.parametrize("expression", [
    "object.in", "1 + 'a'", "[1] == ['a']", "true ? 1 : 'x'", "'ab'.reverse()", "math.greatest(1, 2)", "base64.decode('a')",
    "cel.bind(x, 1, x)", "object.name.isNull()", "has(object['a'])", "quantity('1').sign()", "nobody", "1 ==", "1 == 1.0",
    "optional.of(1) == optional.of(1.0)"])
def test_what_the_server_refuses_is_refused(expression):
    with pytest.raises(CompileError, match="^ERROR: <input>:1:"):
        check(expression, {})


def test_variables_of_a_policy_have_the_types_that_were_found_for_them():
    assert check("variables.numbers.sum()", {"numbers": "list<int>"})[1] == "int"
    assert check("variables.any.sum()", {"any": "dyn"})[1] == "dyn"
    with pytest.raises(CompileError, match="found no matching overload for 'sum'"):
        check("variables.words.sum()", {"words": "list<string>"})


whole = st.integers(-2 ** 63, 2 ** 63 - 1) | st.integers(-3, 3)
numbers = whole | st.floats(allow_nan=False) | st.integers(-10, 10).map(float)
things = st.recursive(st.none() | st.booleans() | numbers | st.text(max_size=3),
                      lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2))


@given(one=things, other=things, operator=st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in", "&&", "||"]))
def test_operators_give_what_another_engine_gives(one, other, operator):
    """cel-expr-python's own evaluation: another engine, whose texts of errors are other ones."""
    cel = engine()
    env = cel.NewEnv(variables={"a": cel.Type.DYN, "b": cel.Type.DYN})
    theirs = env.compile(f"a {operator} b").eval(data={"a": one, "b": other})
    node, _ = check(f"object.a {operator} object.b", {})
    try:
        ours = plan(node)(Scope({"object": {"a": one, "b": other}}, Budget(10 ** 6)))
    except CelError:
        ours = CelError
    wanted = CelError if theirs.type().name() == "ERROR" else theirs.plain_value()
    assert ours == wanted or _differs(one, other, operator)


def _differs(one, other, operator):
    """Where the engines differ: integers beyond 2^53 beside doubles, and what cannot be a key looked for in a map."""
    if operator == "in":
        return isinstance(other, dict) and not isinstance(one, str)
    return {type(one), type(other)} == {int, float} and max(abs(one), abs(other)) >= 2 ** 53
