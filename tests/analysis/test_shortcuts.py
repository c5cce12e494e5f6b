"""Derived tables that are empty at once are as those that were worked out."""

import inspect

import pandas as pd
import pytest
from network_worlds import derive
from worlds import frames

from auditkit.analysis import DERIVED, derivation, inputs
from auditkit.analysis.columns import STRING
from auditkit.analysis.shortcuts import empty_without_rows

SHORTENED = [name for name, place in DERIVED.items() if ".network.gateways." in place or ".network.routes." in place
             if hasattr(derivation(name), "__wrapped__")]


@pytest.mark.parametrize("name", SHORTENED)
def test_the_empty_table_has_the_columns_and_types_of_one_that_was_worked_out(name):
    tables = frames([])
    given = [derive(tables, table) for table in inputs(derivation(name))]
    whole = inspect.unwrap(derivation(name))(*given)
    pd.testing.assert_frame_equal(derivation(name)(*given), whole, check_index_type=False)


def test_the_engines_have_shortcuts():
    assert {"listeners", "attachments", "contour_ways", "istio_ways", "traefik_ways", "openshift_ways"} <= set(SHORTENED)


def test_one_of_the_first_tables_with_rows_is_enough():
    @empty_without_rows({"name": STRING}, tables=2)
    def found(first: pd.DataFrame, second: pd.DataFrame, third: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([first, second, third])

    some, none = pd.DataFrame({"name": ["a"]}, dtype=STRING), pd.DataFrame({"name": pd.Series(dtype=STRING)})
    assert [len(found(*given)) for given in ((none, none, some), (none, some, none), (some, some, some))] == [0, 1, 3]
    assert found(none, none, third=some).empty
    assert inputs(found) == ("first", "second", "third")
