"""Which containers see which paths of their node, and as which user."""

import pandas as pd

from auditkit.proof.prove import world


def test_a_path_of_the_node_is_a_row_for_each_container_that_mounts_it() -> None:
    of = {"namespace": "shop", "pod": "web"}
    found = world({
        "pods": [{"namespace": "shop", "name": "web", "run_as_user": 7}, {"namespace": "shop", "name": "other"}],
        "containers": [{**of, "name": "a", "run_as_user": 0, "privileged": True}, {**of, "name": "b"},
                       {**of, "name": "c", "run_as_user": 0}, {"namespace": "shop", "pod": "other", "name": "a"}],
        "volumes": [{**of, "name": "docker", "type": "hostPath", "host_path": "/run"}, {**of, "name": "empty", "type": "emptyDir"},
                    {"namespace": "shop", "pod": "other", "name": "docker", "type": "hostPath", "host_path": "/etc"}],
        "container_mounts": [{**of, "container": "a", "volume": "docker", "path": "/d"}, {**of, "container": "c", "volume": "empty", "path": "/e"},
                             {**of, "container": "b", "volume": "docker", "path": "/d", "read_only": True},
                             {"namespace": "shop", "pod": "other", "container": "a", "volume": "docker", "path": "/e"}],
    }).host_mounts
    shown = found[["pod", "container", "path", "host_path", "read_only", "privileged"]]
    assert shown.values.tolist() == [["web", "a", "/d", "/run", False, True], ["web", "b", "/d", "/run", True, False],
                                     ["other", "a", "/e", "/etc", False, False]]
    assert found["run_as_user"].tolist() == [0, 7, pd.NA]
