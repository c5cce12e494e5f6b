"""A small API server that answers from a recording, for tests of whatever talks to a cluster.

    with ReplayServer(ACME_PROD) as server:
        server.fault("*/pods", kind="gone", page=2, times=1)
        urllib3.request("GET", server.url + "/api/v1/pods?limit=20")
        assert server.count("/api/v1/pods") == 1
        assert_no_secret_values(server)

`recorded` reads the folder, `answers` makes what a real server would say where nothing was recorded,
`faults` spoils it, `server` speaks HTTP, `certificates` makes good and expired ones.
"""

from pathlib import Path

from .secrecy import assert_no_secret_values
from .server import ReplayServer

CLUSTERS = Path(__file__).parents[2] / "clusters"
ACME_PROD = CLUSTERS / "acme-prod"
ACME_PROD_LATER = CLUSTERS / "acme-prod-later"

__all__ = ["ACME_PROD", "ACME_PROD_LATER", "CLUSTERS", "ReplayServer", "assert_no_secret_values"]
