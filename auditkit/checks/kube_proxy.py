"""kube-proxy: its arguments and results of kube-bench. The ConfigMap with its configuration is never read."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench
from auditkit.checks.support.flags import Component, Flags
from auditkit.checks.support.values import loopback

IN_CONFIG_MAP = ("values of ConfigMaps are never read; look at metricsBindAddress in the ConfigMap "
                 "kube-system/kube-proxy")
_FLAG = "metrics-bind-address"
_ON = {"name": "node"}
KUBE_PROXY = Component(defaults={_FLAG: "127.0.0.1:10249"}, files={_FLAG: "config"})


@check(severity="medium", finding="has a kube-proxy with metrics on addresses other than loopback",
       wanted="metricsBindAddress: 127.0.0.1 (the default)",
       remedy="Remove metricsBindAddress from kube-proxy's configuration, and --metrics-bind-address from its "
              "arguments, or set them to 127.0.0.1:10249.",
       source="CIS Kubernetes Benchmark 2.0.1, 4.3.1; reference of kube-proxy and of KubeProxyConfiguration",
       if_empty="no node is visible, though every cluster has nodes", tools=kube_bench.TOOLS)
def metrics_local(nodes: pd.DataFrame, kube_proxy_instances: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """kube-proxy serves its metrics only on the loopback address.

    On another address, whoever reaches the node can read names and traffic of Services, without authentication.
    """
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
           .mask(decided, "set by the arguments of kube-proxy: " + seen[_FLAG]))
    return judge(seen, found.fillna(told).mask(~told.fillna(True), False), [_FLAG], reasons=why)


def _told(nodes: pd.DataFrame, proxies: pd.DataFrame, local: pd.Series) -> pd.Series:
    """Whether the arguments of all kube-proxies of each node are as wanted; <NA> where none is seen there."""
    return (pd.Series(pd.NA, nodes.index, BOOLEAN)
            .mask(has(nodes, _ON, proxies) & ~has(nodes, _ON, proxies[local.isna()]), True)
            .mask(has(nodes, _ON, proxies[~local.fillna(True)]), False))


def _local(flags: Flags) -> pd.Series:
    """Whether the arguments of each kube-proxy keep its metrics on the loopback address.

    A file of ``--config`` takes precedence, so that with one it is not known. Another address is a failure all the
    same, since CIS looks at both.
    """
    address = flags[_FLAG].str.replace(r"^([\d.]+|localhost|\[.*\]):\d+$", r"\1", regex=True)
    local = loopback(address)
    return local.mask(local.fillna(True) & flags.given("config").fillna(True))
