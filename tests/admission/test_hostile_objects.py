"""Objects of any shape: a decision or unknown, never an exception of Python."""

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import copied

from auditkit.admission import decide

VALUES = [None, True, 0, -1, 2 ** 63 - 1, 2 ** 70, 1.5, float("inf"), "", "a", "\ud800", "1" * 5000, [], {}, [None],
          {"": None}, [[[]]], {"a": {"b": []}}]


def spoilt(thing, random):
    """The thing with some of its parts taken away, or something else in their place."""
    if random.random() < 0.06:
        return random.choice(VALUES)
    if isinstance(thing, dict):
        return {key: spoilt(value, random) for key, value in thing.items() if random.random() > 0.03}
    return [spoilt(each, random) for each in thing] if isinstance(thing, list) else thing


@settings(max_examples=40)
@given(data=st.data())
def test_whatever_an_object_is_there_is_an_outcome(data):
    corpus, random = copied(), data.draw(st.randoms(use_true_random=False))
    asked = dict(random.choice(list(corpus["requests"].values())))
    for part in ("object", "oldObject"):
        changed = spoilt(asked[part], random) if asked[part] else None
        asked[part] = {"metadata": {}, **changed} if isinstance(changed, dict) and asked[part] else asked[part]
        if asked[part] and not isinstance(asked[part]["metadata"], dict):
            asked[part]["metadata"] = {}
    outcomes = {decide(rules["policy"], rules["bindings"], asked, corpus["context"]).outcome
                for rules in corpus["policies"].values()}
    assert outcomes <= {"not_matched", "allowed", "denied", "unknown"}
