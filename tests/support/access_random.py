"""Random worlds of roles and bindings, and questions about them."""

from access_worlds import bind, role
from hypothesis import strategies as st

VERBS = st.sampled_from(["get", "list", "*", "Get", "bind"])
GROUPS = st.sampled_from(["", "apps", "*", "core"])
RESOURCES = st.sampled_from(["pods", "pods/log", "*/log", "*", "pods/*", "log", "*/", "Pods"])
NAMES = st.sampled_from(["a", "b", ""])
URLS = st.sampled_from(["/a", "/a/*", "/a*", "/a**", "*", "/*/b", "/a/b", ""])
SPACES = st.sampled_from(["one", "two"])
USERS = st.sampled_from(["alice", "*", "system:serviceaccount:one:sa", "system:serviceaccount:two:sa"])


def some(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(values, min_size=0, max_size=2, unique=True)


RULES = st.one_of(
    st.fixed_dictionaries({"verbs": some(VERBS), "apiGroups": some(GROUPS), "resources": some(RESOURCES)},
                          optional={"resourceNames": some(NAMES)}),
    st.fixed_dictionaries({"verbs": some(VERBS), "nonResourceURLs": some(URLS)}),
)
SUBJECTS = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["User", "Group", "Robot"]),
                           "name": st.sampled_from(["alice", "team", "*", "system:serviceaccount:one:sa"])},
                          optional={"apiGroup": st.just("elsewhere")}),
    st.fixed_dictionaries({"kind": st.just("ServiceAccount"), "name": st.just("sa")}, optional={"namespace": SPACES}),
)
REFERENCES = st.fixed_dictionaries({"kind": st.sampled_from(["Role", "ClusterRole", "Other"]),
                                    "name": st.sampled_from(["r0", "r1", "gone"])})


@st.composite
def worlds(draw) -> list[dict]:
    objects = [role(f"r{n}", *draw(st.lists(RULES, max_size=3))) for n in range(2)]
    objects += [role(f"r{n}", *draw(st.lists(RULES, max_size=2)), namespace=draw(SPACES)) for n in range(2)]
    for number in range(draw(st.integers(0, 4))):
        space = draw(st.sampled_from(["", "one", "two"]))
        binding = bind(f"b{number}", "", *draw(st.lists(SUBJECTS, max_size=3)), namespace=space)
        objects.append(binding | {"roleRef": draw(REFERENCES)})
    return objects


REQUESTS = st.lists(st.one_of(
    st.fixed_dictionaries({
        "user": USERS, "groups": some(st.sampled_from(["team", "*", "other", "system:masters"])), "verb": VERBS,
        "group": GROUPS, "resource": st.sampled_from(["pods", "Pods", "log", "*", "pods/log"]),
        "subresource": st.sampled_from(["", "log", "*", "exec"]), "namespace": st.sampled_from(["", "one", "two", "x"]),
        "name": st.sampled_from(["", "a", "c"]), "path": st.just("")}),
    st.fixed_dictionaries({
        "user": USERS, "groups": some(st.sampled_from(["team", "*"])), "verb": VERBS,
        "path": st.sampled_from(["/a", "/a/", "/a/b", "/ab", "*", "/x/b", "/"])}),
), min_size=1, max_size=12)
EMPTY = dict.fromkeys(("group", "resource", "subresource", "namespace", "name"), "")
