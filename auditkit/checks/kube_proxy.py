"""kube-proxy, as kube-bench found it: its configuration is a ConfigMap, whose values are never read."""

import pandas as pd

from auditkit.checks import _kube_bench
from auditkit.checks.model import Judgement, check, judge


@check(severity="medium", wanted="metricsBindAddress: 127.0.0.1 (the default)",
       remedy="Remove metricsBindAddress from kube-proxy's configuration, or set it to 127.0.0.1:10249.",
       source="CIS Kubernetes Benchmark 2.0.1, 4.3.1; reference of KubeProxyConfiguration",
       if_empty="every cluster has nodes, yet none is visible", tools=_kube_bench.TOOLS)
def metrics_local(nodes: pd.DataFrame, findings: pd.DataFrame) -> Judgement:
    """kube-proxy gives its metrics to its own node only."""
    ok = _kube_bench.result(nodes["name"], findings, "4.3.1")
    return judge(nodes, ok, reasons=_kube_bench.reasons(ok, (
        "values of ConfigMaps are never read: look at metricsBindAddress in the ConfigMap kube-proxy of kube-system")))
