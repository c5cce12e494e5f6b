"""Kubeconfig files as kubectl reads them: which files, which entry wins, which context, and what its parts say.

Sources: kubernetes/client-go, tools/clientcmd (loader.go, client_config.go, api/v1); documentation of kubectl,
organizing cluster access. Of several files the first that names a cluster, a user or a context wins with the whole
entry, and the first that names a current context. Paths are relative to the file in which they stand.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import field

from auditkit.base import strict_yaml
from auditkit.errors import DefinitionError, SourceError

DEFAULT = "~/.kube/config"
VARIABLE = "KUBECONFIG"


class Cluster(msgspec.Struct, rename="kebab"):
    """How the API server is reached, and by what it is known."""

    server: str | None = None
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None
    disable_compression: bool | None = None
    extensions: list["Extension"] | None = None


class Extension(msgspec.Struct):
    """What a program keeps in a kubeconfig for itself; that of the exec plug-in's name is handed to it."""

    name: str
    extension: object = None


class Variable(msgspec.Struct):
    """An environment variable of a login program."""

    name: str
    value: str = ""


class Exec(msgspec.Struct, rename="camel"):
    """A program that logs in: an exec plug-in."""

    command: str
    api_version: str
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool | None = None
    interactive_mode: str | None = None


class AuthProvider(msgspec.Struct):
    """A way to log in that was built into kubectl; of these only OpenID Connect is left."""

    name: str
    config: dict[str, str] | None = None


class User(msgspec.Struct, rename="kebab"):
    """Who asks, and with which credentials."""

    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    token: str | None = None
    token_file: str | None = field(name="tokenFile", default=None)
    username: str | None = None
    password: str | None = None
    impersonate: str | None = field(name="as", default=None)
    impersonate_uid: str | None = field(name="as-uid", default=None)
    impersonate_groups: list[str] | None = field(name="as-groups", default=None)
    impersonate_extra: dict[str, list[str]] | None = field(name="as-user-extra", default=None)
    exec: Exec | None = None
    auth_provider: AuthProvider | None = None


class _Context(msgspec.Struct):
    cluster: str | None = None
    user: str | None = None


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: User | None = None


class _NamedContext(msgspec.Struct):
    name: str
    context: _Context


class _File(msgspec.Struct, rename="kebab"):
    current_context: str | None = None
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None


class Chosen(msgspec.Struct):
    """A context with its cluster and its user; all paths in them are whole."""

    context: str
    cluster: Cluster
    user: User


def choose(context: str | None, kubeconfig: str | None) -> Chosen | None:
    """The context that kubectl would use, or one by name; ``None`` where there is no kubeconfig at all.

    Raises `SourceError` where a file cannot be read, or the context or a part of it does not exist.
    """
    files = _files(kubeconfig)
    if not files:
        if context or kubeconfig:
            raise _nowhere(kubeconfig)
        return None
    read = [(path, _read(path)) for path in files]
    contexts = _contexts(read)
    clusters = _first((path, one.name, one.cluster) for path, file in read for one in file.clusters or [])
    users = _first((path, one.name, one.user or User()) for path, file in read for one in file.users or [])
    name = context or next((file.current_context for _, file in read if file.current_context), None)
    where = ", ".join(map(str, files))
    if not name:
        raise SourceError(f"The kubeconfig {where} has no current context. Name one with --context "
                          f"({', '.join(contexts) or 'it has none'}), or set it with `kubectl config use-context`.")
    if name not in contexts:
        raise SourceError(f"There is no context {name!r} in the kubeconfig; it has {', '.join(contexts) or 'none'}. "
                          "`kubectl config get-contexts` lists them.")
    _, found = contexts[name]
    for what, called, known in (("cluster", found.cluster, clusters.keys()), ("user", found.user, users.keys())):
        if called and called not in known:
            raise SourceError(f"The context {name!r} names the {what} {called!r}, which is not in {where}.")
    if not (found.cluster and (cluster := clusters[found.cluster][1]).server):
        raise SourceError(f"The context {name!r} has no cluster with a server: see `kubectl config set-cluster`.")
    user_file, user = users[found.user] if found.user else (Path(), User())
    return Chosen(name, _whole(cluster, clusters[found.cluster][0].parent, ("certificate_authority",)),
                  _whole_user(user, user_file.parent))


def contexts(kubeconfig: str | None = None) -> list[str]:
    """The names of all contexts, in the order of the files. Raises `SourceError` where there is no kubeconfig, or one
    that cannot be read."""
    files = _files(kubeconfig)
    if not files:
        raise _nowhere(kubeconfig)
    return list(_contexts([(path, _read(path)) for path in files]))


def _contexts(read: list[tuple[Path, _File]]) -> dict[str, tuple[Path, _Context]]:
    return _first((path, one.name, one.context) for path, file in read for one in file.contexts or [])


def _nowhere(kubeconfig: str | None) -> SourceError:
    return SourceError(f"There is no kubeconfig at {kubeconfig or os.environ.get(VARIABLE) or DEFAULT}. Give another "
                       f"with --kubeconfig, or set {VARIABLE}.")


def _files(kubeconfig: str | None) -> list[Path]:
    """The files that are there. A variable that is set to nothing is not set; its parts that are not there are passed
    over."""
    named = kubeconfig or os.environ.get(VARIABLE) or DEFAULT
    places = [named] if kubeconfig else named.split(os.pathsep)
    paths = [Path(place).expanduser() for place in dict.fromkeys(places) if place]
    return [path for path in paths if path.exists()]


def _read(path: Path) -> _File:
    """A file. What is wrong in it is said by its line alone: a value next to it may be a password."""
    try:
        return strict_yaml.read(path, _File) if path.stat().st_size or not path.is_file() else _File()
    except DefinitionError as error:
        line = f" in line {error.line}" if error.line else ""
        raise SourceError(f"The kubeconfig {path} cannot be read: something{line} is not as in a kubeconfig. "
                          "`kubectl config view` shows what kubectl makes of it.") from None
    except OSError as error:
        raise SourceError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from None


_Part = TypeVar("_Part")


def _first(named: Iterable[tuple[Path, str, _Part]]) -> dict[str, tuple[Path, _Part]]:
    """Entries by name, each with its file; the first of a name wins, and none may stand twice in one file."""
    found: dict[str, tuple[Path, _Part]] = {}
    seen = set()
    for path, name, part in named:
        if (path, name) in seen:
            raise SourceError(f"The kubeconfig {path} has two entries of the name {name!r}. Remove one.")
        seen.add((path, name))
        found.setdefault(name, (path, part))
    return found


def _whole_user(user: User, folder: Path) -> User:
    user = _whole(user, folder, ("client_certificate", "client_key", "token_file"))
    if user.exec and os.sep in user.exec.command:  # others are looked for in PATH
        user.exec = _whole(user.exec, folder, ("command",))
    return user


_Entry = TypeVar("_Entry", bound=msgspec.Struct)


def _whole(entry: _Entry, folder: Path, names: tuple[str, ...]) -> _Entry:
    """An entry whose paths do not depend on where they are used."""
    paths = {name: str(folder / path) for name in names if (path := getattr(entry, name))}
    return msgspec.structs.replace(entry, **paths)
