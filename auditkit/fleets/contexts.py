"""Which contexts of a kubeconfig are meant: all of them, names, or shell patterns."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from auditkit.errors import NoSuchName, SourceError

ALL = "*"


def chosen(patterns: Iterable[str], kubeconfig: str | None = None) -> list[str]:
    """The contexts that names or shell patterns (``prod-*``) choose, each once, in the order of the patterns.

    Patterns may be separated by commas. A name is taken as it is before it is taken for a pattern: contexts may have
    ``[`` and ``*`` in their names. Raises `NoSuchName` for one that chooses no context: whoever names a cluster that is
    not there must not be told that all clusters were judged. Raises `SourceError` where there is no kubeconfig.
    """
    from auditkit.collectors.sources.kubeconfig import contexts

    known = contexts(kubeconfig)
    if not known:
        raise SourceError("The kubeconfig has no context: see `kubectl config set-context`.")
    found: dict[str, None] = {}
    for pattern in (part.strip() for given in patterns for part in given.split(",")):
        names = [pattern] if pattern in known else [name for name in known if fnmatchcase(name, pattern)]
        if not names:
            raise NoSuchName("context", pattern, known)
        found.update(dict.fromkeys(names))
    return list(found)
