"""The functions that Kubernetes adds to the language, with the texts of errors that the API server has."""

import pytest

from auditkit.admission.cel.checker import check
from auditkit.admission.cel.cost import Budget
from auditkit.admission.cel.library.rights import Authorizer
from auditkit.admission.cel.plan import plan
from auditkit.admission.cel.scope import Scope
from auditkit.admission.cel.values import CelError, Optional, Unknown
from auditkit.admission.rights import Rights, User


def value(expression, **names):
    """What an expression is worth, or its error."""
    node, _ = check(expression, {})
    try:
        return plan(node)(Scope({"object": {"mixed": ["a", 1], "n": None}, **names}, Budget(10 ** 6)))
    except CelError as error:
        return f"error: {error}"


NO_QUANTITY = "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(("expression", "worth"), [
    ("quantity('1Gi') == quantity('1024Mi')", True), ("quantity('1G').isLessThan(quantity('1Gi'))", True),
    ("quantity('100m').compareTo(quantity('0.1'))", 0), ("quantity('2').isGreaterThan(quantity('1500m'))", True),
    ("quantity('-1').compareTo(quantity('1'))", -1), ("sign(quantity('-5'))", -1), ("isQuantity('1.5Gi')", True),
    ("isQuantity('1.5Gb')", False), ("isQuantity('')", False), ("isQuantity('1e3')", True), ("isQuantity('.5')", True),
    ("quantity('')", NO_QUANTITY), ("quantity('ten')", NO_QUANTITY), ("quantity('1Xi')", NO_QUANTITY),
    ("quantity('1Kk')", "error: unable to parse quantity's suffix"), ("quantity('1.5Gi').asApproximateFloat()", 1610612736.0),
    ("quantity('50k').asInteger()", 50000), ("quantity('1000m').isInteger()", False), ("quantity('1.0').isInteger()", False),
    ("quantity('9999999999999999999999').asInteger()", "error: cannot convert value to integer"),
    ("quantity('0.5').asInteger()", "error: cannot convert value to integer"),
    ("quantity('1k').add(quantity('24')) == quantity('1024')", True), ("quantity('1').sub(1).asInteger()", 0),
    ("quantity('1').add(2).asInteger()", 3), ("quantity('1').sub(quantity('100m')) == quantity('900m')", True),
    ("quantity('0.0000000001') == quantity('1n')", True), ("quantity('100m').asApproximateFloat()", 0.1)])
def test_quantities(expression, worth):
    assert value(expression) == worth


IP = "error: IP Address {0} parse error during conversion from string: ParseAddr({0}): {1}"
CIDR = ("error: network address parse error during conversion from string: network address parse error during "
        "conversion from string: netip.ParsePrefix({0}): {1}")


@pytest.mark.parametrize(("expression", "worth"), [
    ("ip('10.0.0.1').family()", 4), ("ip('2001:db8::1').family()", 6), ("ip('::').isUnspecified()", True),
    ("ip('127.0.0.1').isLoopback()", True), ("ip('fe80::1').isLinkLocalUnicast()", True), ("ip('ff02::1').isLinkLocalMulticast()", True),
    ("ip('224.0.0.1').isLinkLocalMulticast()", True), ("ip('10.0.0.1').isGlobalUnicast()", True),
    ("ip('255.255.255.255').isGlobalUnicast()", False), ("ip('2001:DB8::1') == ip('2001:db8:0::1')", True),
    ("string(ip('2001:DB8:0:0::1'))", "2001:db8::1"), ("ip.isCanonical('2001:DB8::1')", False), ("isIP('1.2.3')", False),
    ("isIP('::ffff:1.2.3.4')", False), ("isIP('fe80::1%eth0')", False), ("ip('x')", IP.format('"x"', "unable to parse IP")),
    ("ip('1.2.3')", IP.format('"1.2.3"', "IPv4 address too short")),
    ("ip('1.2.3.256')", IP.format('"1.2.3.256"', "IPv4 field has value >255")),
    ("ip('1.2.3.04')", IP.format('"1.2.3.04"', "IPv4 field has octet with leading zero")),
    ("ip('1.2.3.4.5')", IP.format('"1.2.3.4.5"', "IPv4 address too long")),
    ("ip('1.2.3.a')", IP.format('"1.2.3.a"', 'unexpected character (at "a")')),
    ("ip('::ffff:1.2.3.4')", 'error: IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
    ("ip('fe80::1%eth0')", 'error: IP address "fe80::1%eth0" with zone value is not allowed')])
def test_addresses(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("cidr('10.0.0.0/8').containsIP('10.1.2.3')", True), ("cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))", False),
    ("cidr('10.0.0.0/8').containsIP('nope')", "error: no such overload"), ("cidr('10.0.0.0/8').containsIP('::1')", False),
    ("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", True), ("cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))", False),
    ("cidr('10.1.2.3/8').prefixLength()", 8), ("string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"),
    ("string(cidr('10.1.2.3/8').ip())", "10.1.2.3"), ("cidr('10.0.0.0/8') == cidr('10.0.0.1/8')", False), ("isCIDR('10.0.0.0/33')", False),
    ("isCIDR('2001:db8::/32')", True), ("cidr('10.0.0.0')", CIDR.format('"10.0.0.0"', "no '/'")),
    ("cidr('10.0.0.0/33')", CIDR.format('"10.0.0.0/33"', "prefix length out of range")),
    ("cidr('10.0.0.0/08')", CIDR.format('"10.0.0.0/08"', 'bad bits after slash: "08"')),
    ("cidr('x/8')", CIDR.format('"x/8"', 'ParseAddr("x"): unable to parse IP'))])
def test_networks(expression, worth):
    assert value(expression) == worth


NO_URL = "error: URL parse error during conversion from string: parse {}: {}"


@pytest.mark.parametrize(("expression", "worth"), [
    ("url('https://u:p@example.com:8080/a%2Fb?x=1&x=2&y=a+b#f').getHost()", "example.com:8080"),
    ("url('https://example.com:8080/').getHostname()", "example.com"), ("url('https://example.com:8080/').getPort()", "8080"),
    ("url('https://[2001:db8::1]:443/').getHostname()", "2001:db8::1"), ("url('HTTPS://h/').getScheme()", "https"),
    ("url('https://h/a%2fb').getEscapedPath()", "/a%2fb"), ("url('https://h/a b').getEscapedPath()", "/a%20b"),
    ("url('https://h/ä').getEscapedPath()", "/%C3%A4"), ("url('/path?q=1').getHost()", ""), ("url('mailto:a@b').getScheme()", "mailto"),
    ("url('https://h/p?x=1&x=2&y=a+b&z&;=1').getQuery()", {"x": ["1", "2"], "y": ["a b"], "z": [""]}),
    ("url('https://h/p?x=%zz&y=1').getQuery()", {"y": ["1"]}), ("isURL('not a url')", False), ("isURL('https://h')", True),
    ("isURL('')", False), ("url('https://h/') == url('https://h/')", True),
    ("url('not a url')", NO_URL.format('"not a url"', "invalid URI for request")), ("url('')", NO_URL.format('""', "empty url")),
    ("url('https://h:x/')", NO_URL.format('"https://h:x/"', 'invalid port ":x" after host')),
    ("url('https://a b/')", NO_URL.format('"https://a b/"', 'invalid character " " in host name')),
    ("url('https://h/%zz')", NO_URL.format('"https://h/%zz"', 'invalid URL escape "%zz"')),
    ("url('https://[::1/')", NO_URL.format('"https://[::1/"', "missing ']' in host")),
    ("url(':x')", NO_URL.format('":x"', "missing protocol scheme"))])
def test_urls(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("semver('1.2.3').isLessThan(semver('1.10.0'))", True), ("semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))", True),
    ("semver('1.0.0-alpha').compareTo(semver('1.0.0-alpha.1'))", -1), ("semver('1.0.0-2').isLessThan(semver('1.0.0-alpha'))", True),
    ("semver('1.2.3+a') == semver('1.2.3+b')", True), ("semver('1.2.3').major() + semver('1.2.3').minor()", 3), ("isSemver('v1.2')", False),
    ("isSemver('v1.2', true)", True), ("semver('v01.2', true).patch()", 0), ("semver('1.2')", "error: No Major.Minor.Patch elements found"),
    ("semver('01.2.3')", 'error: Major number must not contain leading zeroes "01"'),
    ("semver('1.x.3')", 'error: Invalid character(s) found in minor number "x"'),
    ("semver('v1-a', true)", "error: short version cannot contain PreRelease/Build meta data"), ("semver('')", "error: Version string empty")])
def test_versions(expression, worth):
    assert value(expression) == worth


LABEL = ("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
         "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')")


@pytest.mark.parametrize(("name", "text", "wrong"), [
    ("dns1123Label", "web-1", None), ("dns1123Label", "Web", [LABEL]), ("dns1123Label", "a.b", ["must not contain dots"]),
    ("dns1123Label", "x" * 64, ["must be no more than 63 characters"]), ("dns1123LabelPrefix", "web-", None),
    ("dns1123Subdomain", "a.b", None), ("dns1035Label", "a1", None), ("labelValue", "", None), ("labelValue", "a_b", None),
    ("qualifiedName", "example.com/name", None), ("qualifiedName", "/name", ["prefix part must be non-empty"]), ("uuid", "x",
     ["does not match the UUID format"]), ("uuid", "123e4567-e89b-12d3-a456-426614174000", None), ("byte", "aGk=", None),
    ("byte", "a", ["invalid base64"]), ("date", "2026-02-29", ["invalid date"]), ("date", "2024-02-29", None),
    ("datetime", "2026-01-01T00:00:00Z", None), ("datetime", "2026-01-01", ["invalid datetime"]), ("uri", "https://h", None),
    ("uri", "x", ['parse "x": invalid URI for request'])])
def test_named_formats(name, text, wrong):
    assert value(f"format.{name}().validate('{text}')") == (Optional.of(wrong) if wrong else Optional())
    assert value(f"format.named('{name}').value().validate('{text}').hasValue()") is bool(wrong)


def test_a_format_that_is_none_has_no_value():
    assert value("format.named('nope')") == Optional()


@pytest.mark.parametrize(("expression", "worth"), [
    ("'a-b-c'.split('-')", ["a", "b", "c"]), ("'a-b-c'.split('-', 2)", ["a", "b-c"]), ("'abc'.split('')", ["a", "b", "c"]),
    ("'abc'.split('', 2)", ["a", "bc"]), ("'a'.split('-', 0)", []), ("''.split('-')", [""]), ("'banana'.replace('a', 'o', 2)", "bonona"),
    ("'banana'.indexOf('n')", 2), ("'banana'.indexOf('n', 3)", 4), ("'banana'.lastIndexOf('n')", 4), ("'banana'.lastIndexOf('n', 3)", 2),
    ("'a'.indexOf('b')", -1), ("'abc'.charAt(3)", ""), ("'abc'.charAt(4)", "error: index out of range: 4"), ("'héllo'.charAt(1)", "é"),
    ("'abc'.substring(1)", "bc"), ("'abc'.substring(0, 2)", "ab"), ("'abc'.substring(2, 1)", "error: invalid substring range. start: 2, end: 1"),
    ("'abc'.substring(5)", "error: index out of range: 5"), ("' \\u00a0a\\u3000'.trim()", "a"), ("'ÄbC'.lowerAscii()", "Äbc"), ("'äbc'.upperAscii()", "äBC"),
    ("['a', 'b'].join('-')", "a-b"), ("[].join()", ""), ("object.mixed.join()", "error: join: invalid input: 1"),
    ("strings.quote('a\"b\\n')", '"a\\"b\\n"'), ("'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", True),
    ("object.n.startsWith('a')", "error: no such overload: startsWith(null_type, string)"), ("object.n.split('a')",
     "error: no such overload: split(null_type, string)")])
def test_texts(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("'%s %d %s'.format(['a', 3, true])", "a 3 true"), ("'%s'.format([[1, 'a', 1.5, null]])", '[1, "a", 1.500000, null]'),
    ("'%s'.format([{'b': 1, 'a': b'x'}])", '{"a":b"x", "b":1}'), ("'100%%'.format([])", "100%"), ("'%.2f'.format([3.14159])", "3.14"),
    ("'%f'.format([1.5])", "1.500000"), ("'%x %X %o %b'.format([255, 'hi', 8, 5])", "ff 6869 10 101"),
    ("'%s'.format([duration('90s')])", "90s"), ("'%s'.format([int])", "int"), ("'%s'.format([])", "error: index 0 out of range"),
    ("'%d'.format(['a'])", "error: error during formatting: decimal clause can only be used on integers, was given string"),
    ("'%q'.format(['a'])", 'error: could not parse formatting clause: unrecognized formatting clause "q"')])
def test_formatted_texts(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize("expression", [
    "'%e'.format([1.5])", "'%f'.format([12345.6])", "'%.99999999f'.format([1.5])", "lists.range(10000000)",
    "quantity('" + "9" * 5000 + "')"])
def test_what_the_server_writes_in_its_locale_or_may_be_too_large_is_unknown(expression):
    with pytest.raises(Unknown):
        value(expression)


@pytest.mark.parametrize(("expression", "worth"), [
    ("'abc 123 def 456'.find('[0-9]+')", "123"), ("'abc'.find('[0-9]+')", ""), ("'abc 123 def 456'.findAll('[0-9]+')", ["123", "456"]),
    ("'123 abc 456'.findAll('[0-9]+', 1)", ["123"]), ("'abc'.findAll('x*')", ["", "", "", ""]), ("'foo bar'.findAll('o*')", ["", "oo", "", "", "", ""]),
    ("'aXbXc'.findAll('(?i)x')", ["X", "X"]), ("'a\\nb'.find('a.b')", ""), ("'ab12'.find('([a-z])([a-z])')", "ab"),
    ("'foobar'.findAll('foo|foobar')", ["foo"]), ("'aaa'.findAll('^a')", ["a"]), ("'line\\n'.matches('line$')", False), ("'٣'.matches('\\\\d')", False),
    ("'a'.find('[')", "error: Illegal regex: error parsing regexp: missing closing ]: `[`"),
    ("'a'.matches('(a')", "error: error parsing regexp: missing closing ): `(a`"), ("'a'.findAll('a', 0)", [])])
def test_regular_expressions(expression, worth):
    assert value(expression) == worth


@pytest.mark.parametrize(("expression", "worth"), [
    ("[1, 2, 2].isSorted()", True), ("['b', 'a'].isSorted()", False), ("[1].filter(x, false).isSorted()", True), ("[1, 3, 2].max()", 3), ("[1.5, 0.5].min()", 0.5),
    ("[duration('1h'), duration('1m')].sum() == duration('61m')", True), ("[1, 2].sum()", 3), ("[1.5].sum()", 1.5),
    ("object.mixed.sum()", "error: no such overload: sum(list)"), ("[dyn(1), dyn('a')].sum()", "error: no such overload"),
    ("['a', 'b', 'a'].lastIndexOf('a')", 2), ("['a'].indexOf('b')", -1), ("[1, 2, 3].slice(1, 3)", [2, 3]),
    ("[1].slice(0, 2)", "error: cannot slice(0, 2), list is length 1"), ("[1].slice(-1, 0)",
     "error: cannot slice(-1, 0), negative indexes not supported"), ("[[1, [2]], [3]].flatten()", [1, [2], 3]), ("[[1, [2]], [3]].flatten(2)", [1, 2, 3]),
    ("[1, 2, 1].distinct()", [1, 2]), ("[3, 1, 2].sort()", [1, 2, 3]), ("['b', 'a'].sort()", ["a", "b"]), ("lists.range(3).reverse()", [2, 1, 0]),
    ("object.mixed.sort()", "error: list elements must have the same type"), ("[{'n': 2}, {'n': 1}].sortBy(e, e.n)[0].n", 1),
    ("sets.contains([1, 2], [2])", True), ("sets.equivalent([1, 1], [1])", True), ("sets.intersects([1], [2])", False)])
def test_lists_and_sets(expression, worth):
    assert value(expression) == worth


def asked(expression, rights=None):
    authorizer = Authorizer(User("admin", ("system:masters",)), None if rights is None else Rights(rights))
    return value(f"authorizer.{expression}", authorizer=authorizer)


@pytest.mark.parametrize(("expression", "worth"), [
    ("path('/healthz').check('get').allowed()", True), ("path(' ')", "error: path must not be empty"),
    ("group('').resource(' ')", "error: resource must not be empty"),
    ("group('apps').resource('deployments').subresource('scale').namespace('a').name('b').check('update').allowed()", True),
    ("group('').resource('pods').fieldSelector('a=b').labelSelector('a in (').check('list').errored()", False),
    ("group('').resource('pods').check('list').error()", ""), ("serviceAccount('Shop', 'web')", "error: Invalid service account namespace"),
    ("serviceAccount('shop', '-')", "error: Invalid service account name"),
    ("serviceAccount('shop', 'web').group('').resource('pods').check('list').allowed()", False)])
def test_the_authorizer(expression, worth):
    none = {name: [] for name in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")}
    assert asked(expression, none) == worth


@pytest.mark.parametrize(("expression", "rights"), [
    ("group('').resource('pods').check('list').allowed()", None), ("group('').resource('pods').check('list').reason()", {})])
def test_what_the_authorizer_would_say_is_unknown_where_it_is_not_known(expression, rights):
    with pytest.raises(Unknown):
        asked(expression, rights)


def test_numbers_that_are_not_finite_and_types_are_written_in_lists_as_literals():
    """cel-go, ext/formatting.go: quoteForCEL and clauseForType."""
    assert value("'%s'.format([[double('NaN'), double('Infinity'), 1.5, type(1)]])") == (
        '["NaN", "+Inf", 1.500000, type(int)]')
