"""YAML as kubectl reads it. The values were recorded with `kubectl label --local -o json` of kubectl 1.32.4."""

import pytest
import yaml

from auditkit.base.go_yaml import GoLoader

_TEXTS = ("10:30", "1:30:00", "10:30.5", "190:20:30", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01 10:00:00", "=", "0x",
          "0o", "0b12", "1e", ".e3", "-", "100m", "1Gi", "1.2.3", "_1", "tRUE", "nULL")
_OTHERS = {
    "0400": 256, "0o400": 256, "0O400": 256, "-0o7": -7, "0777": 511, "08": 8, "0x1F": 31, "0X1f": 31, "0b101": 5, "-0b11": -3,
    "1_000": 1000, "0_7": 7, "0": 0, "00": 0, "+1": 1, "1e3": 1000, "1E3": 1000, "1.5e3": 1500, "12e6": 12000000, "1e-3": 0.001,
    "1.": 1, "1.0": 1, ".5": 0.5, "-.5": -0.5, "+.5": 0.5, "0.10": 0.1, "685_230.15": 685230.15, "1e22": 1e22,
    "y": True, "Yes": True, "on": True, "n": False, "NO": False, "off": False, "TRUE": True, "~": None, "Null": None, "": None,
}


@pytest.mark.parametrize("text", _TEXTS)
def test_what_kubectl_reads_as_text_is_text(text: str) -> None:
    assert yaml.load(f"a: [{text}]" if text != "-" else "a: ['-']", GoLoader) == {"a": [text]}


@pytest.mark.parametrize(("text", "value"), _OTHERS.items())
def test_numbers_and_words_have_the_values_that_kubectl_reads(text: str, value: object) -> None:
    found = yaml.load(f"a: {text}", GoLoader)["a"]
    assert (type(found), found) == (type(value), value)


def test_what_is_quoted_is_text() -> None:
    assert yaml.load("a: ['0400', \"y\", '10:30', '']", GoLoader) == {"a": ["0400", "y", "10:30", ""]}


def test_keys_are_text_and_a_number_is_not_taken_for_a_word() -> None:
    found = yaml.load("{1: a, y: b, 1.5: c, 2026-01-01: d, 0o10: e, 1e3: f, =: g, n: h}", GoLoader)
    assert found == {"1": "a", "true": "b", "1.5": "c", "2026-01-01": "d", "8": "e", "1000": "f", "=": "g", "false": "h"}


@pytest.mark.parametrize("key", ["[a, b]", "{a: b}", "null", "~"])
def test_a_key_that_is_no_text_is_an_error(key: str) -> None:
    with pytest.raises(yaml.YAMLError, match="a key that is no text"):
        yaml.load(f"{{? {key} : c}}", GoLoader)


def test_a_merged_mapping_is_merged() -> None:
    assert yaml.load("{<<: {a: 1}, b: 2}", GoLoader) == {"a": 1, "b": 2}
