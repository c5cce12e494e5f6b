"""kube-proxy: its arguments, and what kube-bench found; the ConfigMap with its configuration is never read."""

import pandas as pd

from auditkit.analysis.control_plane import HIDDEN
from auditkit.analysis.rows import BOOLEAN, has, named, widened
from auditkit.checks import _kube_bench
from auditkit.checks._flags import Component, Flags
from auditkit.checks._values import loopback
from auditkit.checks.model import Judgement, check, judge

KUBE_PROXY = Component(defaults={"metrics-bind-address": "127.0.0.1:10249"}, files={"metrics-bind-address": "config"})
_ON = {"name": "node"}


@check(severity="medium", wanted="metricsBindAddress: 127.0.0.1 (the default)",
       remedy="Remove metricsBindAddress from kube-proxy's configuration, and --metrics-bind-address from its "
              "arguments, or set them to 127.0.0.1:10249.",
       source="CIS Kubernetes Benchmark 2.0.1, 4.3.1; reference of kube-proxy and of KubeProxyConfiguration",
       if_empty="every cluster has nodes, yet none is visible", tools=_kube_bench.TOOLS)
def metrics_local(nodes: pd.DataFrame, kube_proxies: pd.DataFrame, kube_proxy_flags: pd.DataFrame,
                  node_results: pd.DataFrame) -> Judgement:
    """kube-proxy gives its metrics to its own node only."""
    values = kube_proxy_flags[["node", "pod"]].assign(
        column="--" + kube_proxy_flags["flag"], value=kube_proxy_flags["value"].fillna(HIDDEN))
    flags = Flags(widened(kube_proxies, values, ["node", "pod"]), KUBE_PROXY)
    local = _local(flags)
    told = (pd.Series(pd.NA, nodes.index, BOOLEAN)
            .mask(has(nodes, _ON, kube_proxies) & ~has(nodes, _ON, kube_proxies[local.isna()]), True)
            .mask(has(nodes, _ON, kube_proxies[~local.fillna(True)]), False))
    found = _kube_bench.of_nodes(nodes, node_results, "4.3.1")
    shown = flags.judge(local, "metrics-bind-address").evidence["metrics-bind-address"]
    seen = named(nodes, _ON, kube_proxies.assign(shown=shown), "shown")
    why = _kube_bench.reasons(found, "values of ConfigMaps are never read: look at metricsBindAddress in the ConfigMap "
                                     "kube-proxy of kube-system")
    decided = (~told).fillna(False) | (told.notna() & found.isna())
    return judge(nodes.assign(**{"metrics-bind-address": seen}), found.fillna(told).mask(~told.fillna(True), False),
                 ["metrics-bind-address"], reasons=why.mask(decided, "the arguments of kube-proxy say it: " + seen))


def _local(flags: Flags) -> pd.Series:
    """Whether each kube-proxy is told to give its metrics to its own node. A file of ``--config`` goes before that, so
    with one it is not known; an address that others reach is a failure all the same, as CIS looks at both."""
    address = flags["metrics-bind-address"].str.replace(r"^([\d.]+|localhost|\[.*\]):\d+$", r"\1", regex=True)
    local = loopback(address)
    return local.mask(local.fillna(True) & flags.given("config").fillna(True))
