"""A shell script that makes a recording where auditkit cannot run: with ``kubectl proxy`` and ``curl`` alone.

It sends the requests of a live collection, without the questions about its own rights, and its folder holds what was
asked, each answer and when it was given, so that it proves itself what it is whole of. Secrets and ConfigMaps are asked
for in the server's ``Table`` form, in which it sends no values; an answer in another form is not kept. What people
write into objects is blanked out on the way: the annotation of ``kubectl apply``, literal values of environment
variables and headers of probes, arguments that are called a password or token, passwords in addresses.
"""

from collections.abc import Iterator
from itertools import groupby

from auditkit import tables
from auditkit.base.secret_words import WORDS
from auditkit.collectors.discovery import AGGREGATED
from auditkit.collectors.listing import LIMIT, TABLE_FORM
from auditkit.scans.registry import all_readers


def script() -> str:
    """The text of the script, with the requests of this version of auditkit."""
    groups = sorted({group for reader in all_readers() for group in getattr(reader, "GROUPS", ())})
    words = {
        "@HIDDEN@": "|".join(_in_any_case(word) for word in WORDS),
        "@AGGREGATED@": AGGREGATED, "@TABLE@": TABLE_FORM, "@LIMIT@": str(LIMIT), "@GROUPS@": " ".join(groups),
        "@LISTS@": "\n".join(_lists()),
    }
    text = _SCRIPT
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _in_any_case(word: str) -> str:
    """A word for sed, in which nothing else makes letters of both cases alike everywhere."""
    return "".join(f"[{char.upper()}{char}]" if char.isalpha() else char for char in word)


def _lists() -> Iterator[str]:
    """The lines that ask for the lists: one for all resources in a row that differ in their name alone."""
    for (form, group, versions), same in groupby(tables.RESOURCES.values(), lambda each: (
            each.form, each.group, each.versions)):
        names = [each.plural for each in same]
        root = f"/apis/{group}" if group else "/api"
        several = len(names) > 1
        paths = " ".join(f'"{root}/{version}/{"$name" if several else names[0]}"' for version in versions)
        yield f"for name in {' '.join(names)}; do list {form} {paths}; done" if several else f"list {form} {paths}"


_SCRIPT = r"""#!/bin/sh
# Records a cluster for auditkit:   sh record.sh FOLDER
#
# It only reads, through `kubectl proxy` with your current context; or, with SERVER=http://127.0.0.1:8001, through a
# proxy that runs already. It never asks for the values of Secrets and ConfigMaps, and blanks out literal values of
# environment variables and headers, the annotation of `kubectl apply`, arguments that are called a password or token,
# passwords in addresses, and what a scanner found of secrets (match). Look into FOLDER before you hand it on: the rest
# of your objects is in it. Then, where auditkit is:
#     auditkit collect --recording FOLDER
set -u
umask 077
out=${1:-recording}
mkdir "$out" || { echo "Name a folder that does not exist yet: sh record.sh FOLDER" >&2; exit 2; }
tmp=$(mktemp -d) || exit 2
proxy=
trap '[ -z "$proxy" ] || kill "$proxy" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

socket=
if [ -z "${SERVER:-}" ]; then
    socket=$tmp/socket SERVER=http://localhost
    kubectl proxy --unix-socket="$socket" > "$tmp/log" 2>&1 &
    proxy=$! tries=0
    until [ -S "$socket" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 30 ] && kill -0 "$proxy" 2>/dev/null || { cat "$tmp/log" >&2; exit 4; }
        sleep 1
    done
fi

number=0
hidden='(@HIDDEN@)'
string='[^"\\]*(\\.[^"\\]*)*'
: > "$tmp/index"
: > "$tmp/nodes"

# ask METHOD PATH ACCEPT [BODY]: one request. Sets status; the answer is in $tmp/body until the next one.
# (To a client that is called curl an API server writes its JSON on many lines.)
ask() {
    : > "$tmp/body"
    : > "$tmp/head"
    curl -sS -g ${socket:+--unix-socket "$socket"} -A auditkit-record --retry "${retry:-4}" --max-time 300 \
        -X "$1" -H "Accept: $3" ${4:+-H "Content-Type: application/json" --data "$4"} \
        -o "$tmp/body" -D "$tmp/head" "$SERVER$2" || : > "$tmp/head"
    status=$(sed -n 's/^HTTP[^ ]* \([0-9][0-9][0-9]\).*/\1/p' "$tmp/head" | tail -n 1)
    echo "${status:-no answer} $2" >&2
}

# keep METHOD PATH ACCEPT INDEX: puts the answer into the recording, without what people wrote into objects. Numbers
# that are set for the kernel (sysctls) look like variables; they stay.
keep() {
    [ -n "$status" ] || return 0
    number=$((number + 1))
    file=$(printf '%04d.json' "$number")
    date=$(sed -n 's/^[Dd]ate: *//p' "$tmp/head" | tail -n 1 | tr -cd 'A-Za-z0-9 ,:')
    sed -E -e 's/("(kubectl\.kubernetes\.io\/last-applied-configuration|match)":)"'"$string"'"/\1""/g' \
        -e 's/("name":"(kernel|net|fs|vm|user)[.\/][a-z0-9_.\/-]*","value"):("[0-9 -]*")/\1 :\3/g' \
        -e 's/("name":"'"$string"'","value":)"([^"\\]|\\.)'"$string"'"/\1"-"/g' -e 's/"value" :"/"value":"/g' \
        -e 's/("-[A-Za-z0-9_.-]*'"$hidden"'",)"'"$string"'"/\1"-"/g' \
        -e 's/('"$hidden"'=)([^" \\]|\\.)*/\1-/g' -e 's/(:\/\/[^/"@ :]*:)[^/"@ ]*@/\1-@/g' \
        "$tmp/body" > "$out/$file"
    printf '{"method":"%s","path":"%s","accept":"%s","status":%s,"file":"%s","date":"%s"}\n' \
        "$1" "$2" "$3" "$status" "$file" "${date:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}" >> "$4"
}

get() {
    ask GET "$1" "${2:-application/json}"
    keep GET "$1" "${2:-application/json}" "$tmp/index"
}

review() {
    ask POST "$1" application/json "$2"
    keep POST "$1" application/json "$tmp/index"
}

# Of an answer: the beginning, in which no object can write; and what a sed program finds in it, a brace a line.
head_of() { dd if="$tmp/$1" bs=4000 count=1 2>/dev/null; }
parts() { tr '{' '\n' < "$tmp/$1" | sed -n "$2"; }

# The token of the next page stands before the items or after them, where no object can write.
token() {
    {
        head_of body | sed -e 's/"items":.*//' -e 's/"columnDefinitions":.*//' -e 's/"rows":.*//'
        echo
        tail -c 4000 "$tmp/body" | sed 's/.*]//'
    } | sed -n 's/.*"continue":"\([A-Za-z0-9_.=-]*\)".*/\1/p' | tail -n 1
}

# list object|table PATH...: all pages of a list, in the first version that the server has; twice, where it expires.
list() {
    accept=application/json query=limit=@LIMIT@
    [ "$1" != table ] || accept='@TABLE@' query="$query&includeObject=Metadata"
    shift
    for path in "$@"; do
        pages || pages || :
        cat "$tmp/pages" >> "$tmp/index"
        [ "$status" = 404 ] || return 0
    done
}

pages() {
    : > "$tmp/pages"
    next=
    while :; do
        ask GET "$path?$query$next" "$accept"
        case $accept in *Table*)
            if [ "$status" = 200 ] && ! head_of body | grep -q '^{"kind":"Table"'; then
                echo "$path is left out: the server would not answer without values" >&2
                : > "$tmp/body"
                return 0
            fi
        esac
        keep GET "$path?$query$next" "$accept" "$tmp/pages"
        [ "$status" != 410 ] || return 1
        [ "$status" = 200 ] || return 0
        [ "$path" != /api/v1/nodes ] || parts body 's/^"name":"\([a-z0-9.-]*\)","uid".*/\1/p' >> "$tmp/nodes"
        next=$(token)
        [ -n "$next" ] || return 0
        next="&continue=$next"
    done
}

get /version
[ "${status:-}" = 200 ] || { cat "$tmp/body" >&2; exit 4; }
review /apis/authentication.k8s.io/v1/selfsubjectreviews \
    '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'

# What the server serves: in two documents, or in one for each group and version where it is older.
get /api '@AGGREGATED@'
get /apis '@AGGREGATED@'
cp "$tmp/body" "$tmp/apis"
if ! head_of apis | grep -q APIGroupDiscoveryList; then
    get /api/v1
    for version in $(parts apis 's/^"groupVersion":"\([a-z0-9.-]*\/[a-z0-9]*\)","version".*/\1/p' | sort -u); do
        get "/apis/$version"
    done
fi

@LISTS@

# What scanners and policy engines keep in the cluster.
for group in @GROUPS@; do
    grep -q "\"name\":\"$group\"" "$tmp/apis" || continue
    for version in $(parts apis "s/^\"groupVersion\":\"$group\/\([a-z0-9]*\)\".*/\1/p
        /^\"name\":\"$group\"/,/^\"metadata\"/s/^\"version\":\"\([a-z0-9]*\)\".*/\1/p" | sort -u); do
        ask GET "/apis/$group/$version" application/json
        for name in $(parts body 's/^"name":"\([a-z0-9-]*\)".*"list".*/\1/p'); do
            case " $(sed -n 's/.*"path":"\([^"?]*\)?.*/\1/p' "$tmp/index" | tr '\n' ' ')" in
                *" /apis/$group/$version/$name "*) ;;
                *) list object "/apis/$group/$version/$name" ;;
            esac
        done
    done
done

# How each kubelet is set up. (KUBELETS=no leaves it out: it needs the right to get nodes/proxy.)
if [ "${KUBELETS:-yes}" = yes ]; then
    retry=0
    while read -r node; do get "/api/v1/nodes/$node/proxy/configz"; done < "$tmp/nodes"
fi

{ echo '['; sed '$!s/$/,/' "$tmp/index"; echo ']'; } > "$out/index.json"
echo "$number answers are in $out. Next: auditkit collect --recording $out" >&2
"""
