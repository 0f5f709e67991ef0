#!/usr/bin/env bash
# Builds the base images of the docker sandbox where no container registry can be reached: a small
# Debian from debootstrap, handed to `docker import`. See --help.
set -euo pipefail
umask 022
PATH=$PATH:/usr/sbin:/sbin

python_packages=(python3 python3-numpy)
native_packages=(gcc g++ libc6-dev make)
rust_packages=(rustc cargo)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

usage() {
    cat <<'USAGE'
usage: build.sh [python] [native] [--with-rust] [--force]

Builds base images for the docker sandbox from Debian's packages, without a container registry.

  python       evolve/python:3: python3 and numpy (the default)
  native       evolve/native:1: the same, with gcc, g++, libc6-dev and make
  --with-rust  native also holds Debian's rustc and cargo
  --force      build even if the image is there and current

An image is current if it was made by this very script from the same release, mirror and options.
Needs root, debootstrap and a Docker daemon; docker's own settings (DOCKER_HOST) hold.

  EVOLVE_DEBIAN_RELEASE    the release (bookworm)
  EVOLVE_DEBIAN_MIRROR     the mirror (on Debian, the one apt uses; else http://deb.debian.org/debian)
  http_proxy, https_proxy  used, or else the proxies that apt is told to use
  TMPDIR                   where to work (/tmp); takes up to 2 GB, and may not be mounted
                           noexec or nodev

Exit status: 0 the images are there, 1 a build failed, 2 wrong arguments, 3 nothing can be built on
this machine (no daemon, not root, no debootstrap).
USAGE
}

say() { printf 'images: %s\n' "$*" >&2; }

die() { # exit status, message
    printf 'images: error: %s\n' "$2" >&2
    exit "$1"
}

have() { command -v "$1" >/dev/null 2>&1; }

# A URL without the user and password it may hold: for output, and for what stays in the image.
public() { sed -E 's#//[^/@ ]*@#//#g'; }

# The first mirror in apt's sources, if this machine is a Debian. Only a source of its own release
# and of "main" counts: the files may name other vendors' repositories too.
own_mirror() {
    [ -r /etc/os-release ] || return 0
    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || return 0
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
        /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] || continue
        case $file in
        # Each line becomes "uri suite component...".
        *.list) sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]*)?//p' "$file" ;;
        # Each stanza becomes such a line for each of its URIs and suites.
        *) sed '/^[[:space:]]*#/d' "$file" | awk 'BEGIN { RS = ""; FS = "\n" }
            {
                split("", field)
                for (i = 1; i <= NF; i++) {
                    if ($i !~ /^[ \t]/) { key = tolower($i); sub(/:.*/, "", key); sub(/^[^:]*:/, "", $i) }
                    field[key] = field[key] " " $i
                }
                if (field["enabled"] ~ /no/ || (" " field["types"] " ") !~ /[ \t]deb[ \t]/) next
                uris = split(field["uris"], uri, " ")
                suites = split(field["suites"], suite, " ")
                for (u = 1; u <= uris; u++) for (s = 1; s <= suites; s++)
                    print uri[u], suite[s], field["components"]
            }' ;;
        esac
    done | awk -v suite="$codename" '
        !found && $1 ~ /^https?:.*debian/ && $2 == suite && (" " $0 " ") ~ / main / { print $1; found = 1 }'
}

# debootstrap and what runs in the new root know proxies by environment only.
find_proxies() {
    export http_proxy=${http_proxy:-${HTTP_PROXY:-}} https_proxy=${https_proxy:-${HTTPS_PROXY:-}}
    if have apt-config; then
        local plain='' secure='' auto=''
        eval "$(apt-config shell plain Acquire::http::Proxy secure Acquire::https::Proxy \
            auto Acquire::http::Proxy-Auto-Detect)"
        if [ -z "$plain" ] && [ -x "$auto" ]; then
            plain=$("$auto" "$mirror" 2>/dev/null || true)
        fi
        [ "$plain" = DIRECT ] || http_proxy=${http_proxy:-$plain}
        [ "$secure" = DIRECT ] || https_proxy=${https_proxy:-$secure}
    fi
    [ -n "$http_proxy" ] || unset http_proxy
    [ -n "$https_proxy" ] || unset https_proxy
}

work=
candidate=
cleanup() {
    [ -z "$candidate" ] || docker rmi "$candidate" >/dev/null 2>&1 || true
    [ -n "$work" ] || return 0
    local mount
    # debootstrap mounts /proc in the root, and an interrupted one may leave it. Deepest first.
    while read -r mount; do
        umount "$mount" 2>/dev/null || umount -l "$mount" || true
    done < <(awk -v under="$work/" 'index($2, under) == 1 { print $2 }' /proc/self/mounts | sort -r)
    rm -rf --one-file-system "$work"
}

# Runs a command with its output in the log, and shows the end of it if the command fails.
logged() { # what, command...
    local what=$1
    shift
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -n 15 "$work/log" | public >&2
        die 1 "$what failed; the lines above are the end of its output"
    }
}

# Fresh root with python; only once, whatever is built on it.
make_root() { # root
    local packages
    packages=$(IFS=, && echo "${python_packages[*]}")
    say "debootstrap of $release from $(public <<<"$mirror") with ${python_packages[*]}"
    logged "debootstrap from this mirror (EVOLVE_DEBIAN_MIRROR names another)" \
        debootstrap --variant=minbase --force-check-gpg --keyring="$keyring" \
        --include="$packages" "$release" "$1" "$mirror"
    # For packages added later, here or by a Dockerfile on top: what `slim` strips stays away.
    cat >"$1/etc/dpkg/dpkg.cfg.d/slim" <<'SLIM'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
SLIM
    printf 'deb %s %s main\n' "$(public <<<"$mirror")" "$release" >"$1/etc/apt/sources.list"
}

# Adds packages to a root with its own apt, which gets this machine's settings for the way out.
add_packages() { # root, package...
    local root=$1
    shift
    say "adding $*"
    local settings=$root/var/cache/apt/host.conf
    if have apt-config; then
        apt-config dump | grep -iE '^Acquire::(https?|Check|Max-ValidTime|Retries|ForceIPv)' |
            grep -ivE 'Proxy-?Auto-?Detect|::(CaInfo|CaPath|SslCert|SslKey) ' >"$settings" || true
    fi
    # The new root has no certificates of its own.
    if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$root/var/cache/apt/host.crt"
        echo 'Acquire::https::CaInfo "/var/cache/apt/host.crt";' >>"$settings"
    fi
    printf 'deb %s %s main\n' "$mirror" "$release" >"$root/var/cache/apt/host.list"
    cat >>"$settings" <<'SETTINGS'
Acquire::Languages "none";
Dir::Etc::SourceList "/var/cache/apt/host.list";
SETTINGS
    local file
    for file in /etc/resolv.conf /etc/hosts; do
        [ ! -r "$file" ] || cp -L "$file" "$root$file"
    done
    local inside=(chroot "$root" env APT_CONFIG=/var/cache/apt/host.conf
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin)
    logged "apt-get update in the new root" "${inside[@]}" apt-get update
    logged "apt-get install in the new root" \
        "${inside[@]}" apt-get install -y --no-install-recommends "$@"
}

# Takes out what no candidate needs and what belongs to the machine that built the root.
slim() { # root
    local root=$1
    find "$root/usr/share/doc" -depth ! -name copyright ! -type d -delete
    find "$root/usr/share/doc" -depth -type d -empty -delete
    rm -rf "$root"/usr/share/{groff,info,lintian,locale,man}/* \
        "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/*-old \
        "$root"/var/lib/dpkg/*-old "$root"/var/log/* "$root"/tmp/* "$root"/var/tmp/* \
        "$root"/run/* "$root"/etc/{hostname,hosts,resolv.conf}
    mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial" \
        "$root/var/log/apt"
    : >"$root/etc/machine-id"
}

hardened() { # image, command...
    docker run --rm --network none --read-only --cap-drop ALL --user 65534:65534 \
        --tmpfs /tmp:exec "$@"
}

# The image gets its name only once it has proved to work.
import() { # root, image, hash, check
    local root=$1 image=$2 hash=$3 check=$4 old
    slim "$root"
    say "importing $image"
    candidate=$(tar -C "$root" --numeric-owner --one-file-system --sort=name \
        --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c . |
        docker import \
            --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            --change 'ENV LANG=C.UTF-8' \
            --change 'CMD ["python3"]' \
            --change "LABEL evolve.content=$hash" -) ||
        die 1 "docker import failed"
    hardened "$candidate" sh -c "$check" >"$work/log" 2>&1 || {
        tail -n 15 "$work/log" >&2
        die 1 "$image was built, but does not pass its check: $check"
    }
    old=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
    docker tag "$candidate" "$image" || die 1 "docker tag failed"
    candidate=
    # Fails, as it should, while something still uses it.
    [ -z "$old" ] || docker rmi "$old" >/dev/null 2>&1 || true
    say "$image is ready: $(docker image inspect --format '{{.Size}}' "$image" |
        awk '{ printf "%d MB", $1 / 1e6 }')"
}

check_docker() {
    have docker || die 3 "docker is not installed; on Debian: apt-get install docker.io"
    local answer
    server_arch=$(timeout 30 docker version --format '{{.Server.Arch}}' 2>&1) || {
        answer=$(tail -n 1 <<<"$server_arch")
        die 3 "docker does not answer; start its daemon, or set DOCKER_HOST. It says: $answer"
    }
}

check_tools() {
    [ "$(id -u)" = 0 ] || die 3 "only root can run debootstrap; run this with sudo, or build from \
${image_files}*.Dockerfile where a registry can be reached"
    have debootstrap ||
        die 3 "debootstrap is not installed; on Debian: apt-get install debootstrap"
    [ -r "$keyring" ] ||
        die 3 "$keyring is missing; on Debian: apt-get install debian-archive-keyring"
    have gpgv || die 3 "gpgv is not installed; on Debian: apt-get install gpgv"
    case "$(uname -m) $server_arch" in
    "x86_64 amd64" | "aarch64 arm64") ;;
    "x86_64 "* | "aarch64 "*)
        die 3 "this machine ($(uname -m)) and the docker daemon ($server_arch) differ in architecture"
        ;;
    esac
}

python=
native=
rust=
force=
for argument in "$@"; do
    case $argument in
    python) python=yes ;;
    native) native=yes ;;
    --with-rust) rust=yes ;;
    --force) force=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) die 2 "unknown argument: $argument; --help names those there are" ;;
    esac
done
[ -n "$native" ] || [ -z "$rust" ] || die 2 "--with-rust goes with native: build.sh native --with-rust"
[ -n "$native" ] || python=yes
image_files=${BASH_SOURCE[0]%/*}/
[ "$image_files" != "${BASH_SOURCE[0]}/" ] || image_files=./

release=${EVOLVE_DEBIAN_RELEASE:-bookworm}
mirror=${EVOLVE_DEBIAN_MIRROR:-$(own_mirror)}
mirror=${mirror:-http://deb.debian.org/debian}
content() { # what the image is made of
    { cat "${BASH_SOURCE[0]}" && printf '%s\n' "$release" "$mirror" "$@"; } | sha256sum | cut -d ' ' -f 1
}
python_hash=$(content python)
native_hash=$(content native "$rust")

server_arch=
check_docker

# Whether an image has to be built.
needed() { # image, hash
    local label
    label=$(docker image inspect --format '{{index .Config.Labels "evolve.content"}}' "$1" 2>/dev/null) ||
        return 0
    if [ -n "$force" ]; then
        return 0
    elif [ "$label" = "$2" ]; then
        say "$1 is there and current"
    elif [ "$label" = dockerfile ]; then
        say "$1 is there, built from a Dockerfile; --force replaces it"
    else
        say "$1 is there, but was made from something else"
        return 0
    fi
    return 1
}
[ -z "$python" ] || needed evolve/python:3 "$python_hash" || python=
[ -z "$native" ] || needed evolve/native:1 "$native_hash" || native=
[ -n "$python$native" ] || exit 0

check_tools
find_proxies
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
work=$(mktemp -d -t evolve-images.XXXXXX)
root=$work/root
mkdir "$root"
make_root "$root"

if [ -n "$python" ]; then
    import "$root" evolve/python:3 "$python_hash" 'python3 -c "import numpy"'
fi
if [ -n "$native" ]; then
    if [ -n "$python" ]; then
        cp -a "$root" "$work/native"
        root=$work/native
    fi
    packages=("${native_packages[@]}")
    check='cd /tmp && echo "int main() { return 0; }" >a.c && cp a.c a.cc &&
        gcc a.c && ./a.out && g++ a.cc && ./a.out && make --version && python3 -c "import numpy"'
    if [ -n "$rust" ]; then
        packages+=("${rust_packages[@]}")
        check+=' && echo "fn main() {}" >a.rs && rustc a.rs && ./a && cargo --version'
    fi
    add_packages "$root" "${packages[@]}"
    import "$root" evolve/native:1 "$native_hash" "$check"
fi
