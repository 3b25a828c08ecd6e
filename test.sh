#!/usr/bin/env bash
# All of loward's tests, the kernel's included. Arguments go to go test.
#
# The kernel tests load rulesets into network namespaces of their own and need
# nft, iptables, ipset and iproute2, and root (or unprivileged user namespaces). What is
# missing is installed where that is possible (root, apt-get); else it is named,
# and the tests that need it are skipped aloud.
set -uo pipefail
cd "$(dirname "$0")" || exit
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/go/bin"

if ! command -v go >/dev/null; then
    echo "test.sh: Go is missing: https://go.dev/dl/" >&2
    exit 1
fi

# What the kernel tests call, and the Debian package that has it.
missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need nft nftables
need iptables-nft-restore iptables
need iptables-legacy-restore iptables
need ipset ipset
need ip iproute2
need unshare util-linux
if ((${#missing[@]})); then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "test.sh: installing ${missing[*]}" >&2
        export DEBIAN_FRONTEND=noninteractive
        if apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null; then
            missing=()
        fi
    fi
fi
if ((${#missing[@]})); then
    echo "test.sh: missing: ${missing[*]}; the kernel tests that need them are skipped" >&2
fi

# go test hides what a passing package printed, and with it every skipped test.
# So it runs with -v, and this shows the skipped tests and the lines that sum up,
# and of a failing package what its failing tests said.
go test -count=1 -timeout 20m -v "$@" ./... </dev/null 2>&1 | awk '
    function flush_package(bad,   i) {
        for (i = 1; i <= n; i++) {
            if (line[i] ~ /SKIP/ || line[i] ~ /: [0-9]+ (probes, |packets$)/)
                print line[i]
            else if (bad && (test[i] == "" || test[i] in failed))
                print line[i]
        }
        n = 0; current = ""
        for (i in failed) delete failed[i]
        fflush()
    }
    /^=== (RUN|NAME|CONT|PAUSE) / { current = $3; next }
    /^ *--- (PASS|FAIL|SKIP): / {
        name = $3
        if ($2 == "FAIL:") failed[name] = 1
        if ($2 == "PASS:") next
        line[++n] = $0; test[n] = name
        next
    }
    /^(ok|FAIL|\?) *\t/ {
        flush_package($1 == "FAIL")
        if ($0 !~ /\[no test files\]/) print
        next
    }
    /^(PASS|FAIL)$/ { next }
    { line[++n] = $0; test[n] = current }
    END { flush_package(1) }
'
status=${PIPESTATUS[0]}
if [ "$status" = 0 ]; then echo "test.sh: all passed"; else echo "test.sh: FAILED"; fi
exit "$status"
