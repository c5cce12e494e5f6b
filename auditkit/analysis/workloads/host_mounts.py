"""Which containers see which paths of their node, and as which user."""

import pandas as pd

_CONTAINER = ["namespace", "pod", "container"]


def host_mounts(container_mounts: pd.DataFrame, volumes: pd.DataFrame, all_containers: pd.DataFrame,
                container_contexts: pd.DataFrame) -> pd.DataFrame:
    """One row for each path of a node that a container of a pod mounts.

    Columns: namespace, pod, container, type (regular, init or ephemeral), path (in the container), host_path (on the
    node), read_only, privileged, and run_as_user, the effective user: its own, else that of the pod; <NA> is the user
    of the image, which a snapshot does not show and may be root.
    """
    paths = volumes.loc[volumes["host_path"].notna(), ["namespace", "pod", "name", "host_path"]]
    mounted = container_mounts.merge(paths.rename(columns={"name": "volume"}), on=["namespace", "pod", "volume"])
    containers = all_containers.assign(container=all_containers["name"], run_as_user=container_contexts["run_as_user"])
    containers = containers.loc[containers["kind"].eq("Pod"), [*_CONTAINER, "type", "privileged", "run_as_user"]]
    return mounted.merge(containers, on=_CONTAINER)[
        [*_CONTAINER, "type", "path", "host_path", "read_only", "privileged", "run_as_user"]]
