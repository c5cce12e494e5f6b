"""kube-proxy: its arguments, and what kube-bench found; the ConfigMap with its configuration is never read."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench
from auditkit.checks.support.flags import Component, Flags
from auditkit.checks.support.values import loopback

IN_CONFIG_MAP = ("values of ConfigMaps are never read: look at metricsBindAddress in the ConfigMap kube-proxy of "
                 "kube-system")
_FLAG = "metrics-bind-address"
_ON = {"name": "node"}
KUBE_PROXY = Component(defaults={_FLAG: "127.0.0.1:10249"}, files={_FLAG: "config"})


@check(severity="medium", wanted="metricsBindAddress: 127.0.0.1 (the default)",
       remedy="Remove metricsBindAddress from kube-proxy's configuration, and --metrics-bind-address from its "
              "arguments, or set them to 127.0.0.1:10249.",
       source="CIS Kubernetes Benchmark 2.0.1, 4.3.1; reference of kube-proxy and of KubeProxyConfiguration",
       if_empty="every cluster has nodes, yet none is visible", tools=kube_bench.TOOLS)
def metrics_local(nodes: pd.DataFrame, kube_proxy_instances: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """kube-proxy gives its metrics to its own node only."""
    flags = Flags(kube_proxy_instances, KUBE_PROXY)
    local = _local(flags)
    proxies = flags.judge(local, _FLAG)
    told = _told(nodes, kube_proxy_instances, local)
    found = kube_bench.of_nodes(nodes, node_results, "4.3.1")
    shown = kube_proxy_instances.assign(shown=proxies.evidence[_FLAG])
    seen = nodes.assign(**{_FLAG: named(nodes, _ON, shown, "shown")})
    decided = (~told).fillna(False) | (told.notna() & found.isna())
    whys = kube_proxy_instances.assign(why=proxies.reasons).astype({"why": STRING})
    unread = whys[local.isna() & whys["unread"].notna()]
    why = (kube_bench.reasons(found, kube_bench.left_open(nodes, node_results, "4.3.1"), IN_CONFIG_MAP,
                               kube_bench.too_old(nodes, node_results, "4.3.1"))
           .mask(found.isna() & has(nodes, _ON, unread), "kube-proxy: " + named(nodes, _ON, unread, "why"))
           .mask(decided, "the arguments of kube-proxy say it: " + seen[_FLAG]))
    return judge(seen, found.fillna(told).mask(~told.fillna(True), False), [_FLAG], reasons=why)


def _told(nodes: pd.DataFrame, proxies: pd.DataFrame, local: pd.Series) -> pd.Series:
    """Whether all that is told the kube-proxies of each node is as wanted; <NA> where none is seen there."""
    return (pd.Series(pd.NA, nodes.index, BOOLEAN)
            .mask(has(nodes, _ON, proxies) & ~has(nodes, _ON, proxies[local.isna()]), True)
            .mask(has(nodes, _ON, proxies[~local.fillna(True)]), False))


def _local(flags: Flags) -> pd.Series:
    """Whether each kube-proxy is told to give its metrics to its own node. A file of ``--config`` goes before that, so
    with one it is not known; an address that others reach is a failure all the same, as CIS looks at both."""
    address = flags[_FLAG].str.replace(r"^([\d.]+|localhost|\[.*\]):\d+$", r"\1", regex=True)
    local = loopback(address)
    return local.mask(local.fillna(True) & flags.given("config").fillna(True))
