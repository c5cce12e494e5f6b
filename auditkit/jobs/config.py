"""The file of a job: what runs unattended, in YAML.

::

    job: nightly
    clusters:
      - context: "prod-*"                 # contexts of the kubeconfig, by name or pattern
      - context: lab
        name: laboratory
        scans: [kube-bench/]
    frameworks: [soc2, hipaa]
    exceptions: exceptions/
    scope: scope.yaml
    store: /data/snapshots
    reports: {folder: /data/reports, faces: [page], fleet: true}
    metrics: /var/lib/node_exporter/auditkit.prom
    notify:
      - {kind: slack, url_env: SLACK_WEBHOOK}
    retention: {days: 90, size_gb: 20}

Paths are relative to the folder of the file. Addresses of webhooks are secrets: the file names the environment variable
or the file that has them.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from msgspec import field

from auditkit.api.definitions import DEFAULT_FRAMEWORKS
from auditkit.base import strict_yaml
from auditkit.base.object_store import is_url
from auditkit.errors import DefinitionError
from auditkit.people import FILES

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Threshold = Literal["fail", "unaccepted", "unknown", "low", "medium", "high", "critical"]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A name that is also the name of a folder."""


class _Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of the file: a key that it does not have is a mistake."""


class Clusters(_Part):
    """Clusters that are collected: ``context`` is a name or pattern (`auditkit.fleets.contexts`), ``recording`` are
    files instead; without both it is the current context, or in a pod the pod's own cluster. The other keys are the
    parameters of `auditkit.collect`; those of one cluster (`OF_ONE`) are refused where a pattern chooses several."""

    context: Text | None = None
    kubeconfig: Text | None = None
    recording: Text | None = None
    name: Text | None = None
    scans: list[Text] = []
    members: Text | None = None
    complete: list[Text] = []
    taken_at: Text | None = None


class Reports(_Part):
    """What is drawn, of each cluster and framework, and with ``fleet`` of all clusters together. Without ``faces``
    nothing is: `auditkit report` draws any snapshot of the store on demand."""

    folder: Text = "reports"
    faces: list[Literal["page", "paper"]] = field(default_factory=lambda: ["page", "paper"])
    fleet: bool = False
    environments: list[Text] = []
    environment_label: str = ""


class Webhook(_Part):
    """Whom to tell that a requirement turned to fail, exception noted or unknown."""

    kind: Literal["slack", "teams", "json"]
    url_env: Text | None = None
    url_file: Text | None = None


class Retention(_Part):
    """Which drawn reports are removed; evidence never is. ``keep`` is how many of each cluster and framework stay,
    ``days`` how old they get, ``size_gb`` what all of them may have (10^9 bytes)."""

    keep: Count | None = None
    days: Count | None = None
    size_gb: Positive | None = None
    hipaa_reports_may_go_before_six_years: bool = False


class Limits(_Part):
    """How much at once, and how long: as the options of `auditkit fleet`."""

    processes: Count = 2
    give_up_after: Positive = 7200.0
    timeout: Positive = 30.0
    time_limit: Positive = 3600.0
    page_size: Count = 500
    workers: Count = 4
    rate: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class Config(_Part):
    """A job. ``state`` is the folder that remembers what was done; by default ``runs``, beside the store, or
    beside the file where the store is no folder."""

    clusters: Annotated[list[Clusters], msgspec.Meta(min_length=1)]
    frameworks: Annotated[list[Text], msgspec.Meta(min_length=1)] = field(
        default_factory=lambda: list(DEFAULT_FRAMEWORKS))
    job: Name | None = None
    store: Text = "snapshots"
    state: Text | None = None
    exceptions: Text | None = None
    attestations: Text | None = None
    scope: Text | None = None
    categories: list[Text] = []
    controls: Text | None = None
    checks: list[Text] = []
    pss_version: str = ""
    reports: Reports = field(default_factory=Reports)
    dataset: Text | None = None
    metrics: Text | None = None
    fail_on: list[Threshold] = []
    notify: list[Webhook] = []
    retention: Retention = field(default_factory=Retention)
    limits: Limits = field(default_factory=Limits)


OF_ONE = ("name", "scans", "members")
"""Keys of `Clusters` that are of one cluster."""
_OF_FILES = ("complete", "taken_at")


class Job:
    """A job as it was read: its config with whole paths, and the file for messages. Raises `DefinitionError`."""

    def __init__(self, path: Path):
        self.path = path
        self.config = strict_yaml.read(path, Config)
        self._folder = path.resolve().parent
        self.metrics = self.place(self.config.metrics) if self.config.metrics else None
        for place, each in enumerate(self.config.clusters):
            self._verify_clusters(place, each)
        for place, hook in enumerate(self.config.notify):
            if (hook.url_env is None) == (hook.url_file is None):
                self.refuse(f"notify[{place}] must have either url_env or url_file: where the address of the webhook "
                            "is. The address itself is a secret and does not belong here.", "notify", place)

    def _verify_clusters(self, place: int, each: Clusters) -> None:
        if each.recording and (each.context or each.kubeconfig):
            self.refuse(f"clusters[{place}] has a recording and a context. Use files or a cluster.", "clusters", place)
        for key in _OF_FILES:
            if getattr(each, key) and not each.recording:
                self.refuse(f"clusters[{place}].{key} is for a recording. A cluster that is asked shows itself what it "
                            "has, and when.", "clusters", place, key)

    def refuse(self, what: str, *steps: str | int) -> NoReturn:
        """Raise `DefinitionError` for what stands at a place of the file."""
        line = strict_yaml.line(self.path, *steps)
        error = DefinitionError(f"{self.path}, line {line}: {what}")
        error.line = line
        raise error

    def place(self, written: str) -> Path:
        """A path of the file, from its folder."""
        return self._folder / Path(written).expanduser()

    @property
    def name(self) -> str:
        """What the job is called: as it says, else as its file."""
        return self.config.job or self.path.stem

    @property
    def store(self) -> str:
        """The store: its whole path, or its URL."""
        return self.config.store if is_url(self.config.store) else str(self.place(self.config.store))

    @property
    def state(self) -> Path:
        """The folder that remembers what this job did."""
        beside = self._folder if is_url(self.store) else Path(self.store).parent
        return (self.place(self.config.state) if self.config.state else beside / "runs") / self.name

    @property
    def options(self) -> dict[str, Any]:
        """The parameters of `auditkit.evaluate`, as plain data."""
        config = self.config
        files = {name: str(self.place(given)) for name in FILES
                 if (given := getattr(config, name))}
        return {**files, "checks": [str(self.place(each)) for each in config.checks],
                "categories": config.categories, "pss_version": config.pss_version}

    @property
    def uses_hipaa(self) -> bool:
        """True if HIPAA is in use: its documentation is kept for six years (45 CFR 164.316(b)(2)(i))."""
        return any(name.startswith("hipaa") for name in self.config.frameworks)
