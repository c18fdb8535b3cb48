# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every end-to-end test needs; sourced first.
#
# The test runs again in mount and process namespaces of its own: its network namespaces, its BPF
# filesystem and every process it started end with it, however it ends.
#
#     mail   the fenced host:  mx0, 192.0.2.1 198.51.100.1 2001:db8:1::1 2001:db8:2::1
#     peer   the other end:    out0, the same networks' .10 and ::10
#
# By convention 192.0.2.0/24 and 2001:db8:1::/64 are trusted, the others are strangers.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "${BUILD:-$root/build}")

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "failed: $*" >&2
	if [ -s "$dir/log" ]; then
		echo "--- the agent's log:" >&2
		tail -20 "$dir/log" >&2
	fi
	exit 1
}

[ "$(id -u)" -eq 0 ] || skip "needs root for network namespaces and BPF"
if [ -z "${MXFENCE_E2E:-}" ]; then
	MXFENCE_E2E=1 BUILD=$build exec unshare --mount --pid --fork --kill-child --mount-proc \
		--propagation private bash "$0" "$@"
fi

dir=$(mktemp -d /tmp/mxfence-e2e-XXXXXX)
trap 'cd /; umount -l "$dir/bpf" 2>/dev/null; rm -rf "$dir"' EXIT
config=$dir/mxfence.yaml
pins=$dir/bpf/pins
mkdir -p "$dir/bpf" "$dir/run" /run/netns
mount -t tmpfs tmpfs /run/netns
mount -t bpf bpf "$dir/bpf"

# In the namespace $1; unlike `ip netns exec` it leaves the mounts alone.
in_net() {
	local net=$1
	shift
	nsenter --net="/run/netns/$net" -- "$@"
}

lab_interface() { # NET NAME LAST: addresses end in LAST
	local net=$1 name=$2 last=$3
	ip -n "$net" link set lo up
	ip -n "$net" address add "192.0.2.$last/24" dev "$name"
	ip -n "$net" address add "198.51.100.$last/24" dev "$name"
	ip -n "$net" address add "2001:db8:1::$last/64" dev "$name" nodad
	ip -n "$net" address add "2001:db8:2::$last/64" dev "$name" nodad
	ip -n "$net" link set "$name" up
}

lab_link() {
	ip -n mail link add mx0 type veth peer name out0 netns peer
	lab_interface mail mx0 1
	lab_interface peer out0 10
}

lab() {
	ip netns add mail
	ip netns add peer
	lab_link
}

# Writes the configuration; what is on stdin is added to `filter`.
configure() {
	{
		echo "filter:"
		echo "  interfaces: [mx0]"
		cat
		echo "log: {to: stderr, level: info}"
	} >"$config"
}

configure_default() {
	configure <<-END
		  trusted:
		    provider: {ranges: [192.0.2.0/24, "2001:db8:1::/64"]}
	END
}

agent() {
	in_net mail "$build/mxfenced" -c "$config" --run-dir "$dir/run" --pin-dir "$pins" \
		--state-dir "$dir/state" "$@"
}

# Returns once the agent enforces.
# shellcheck disable=SC2120 # arguments are optional
agent_start() {
	agent "$@" 2>>"$dir/log" || fail "the agent did not start"
}

agent_pid() {
	cat "$dir/run/mxfenced.pid"
}

# The agent holds the lock as long as it lives.
agent_wait_end() {
	flock --exclusive --wait 5 "$dir/run/mxfenced.pid" true || fail "the agent goes on"
}

agent_stop() { # [SIGNAL]
	kill "-${1:-TERM}" "$(agent_pid)"
	agent_wait_end
}

mxfence() {
	in_net mail "$build/mxfence" -c "$config" --run-dir "$dir/run" --pin-dir "$pins" "$@"
}

# A value out of a JSON answer: query FILTER VERB...
query() {
	local filter=$1
	shift
	mxfence --json "$@" | jq -r "$filter"
}

packets() { # VERDICT REASON: so far, over all families
	query "[.packets[] | select(.verdict == \"$1\" and .reason == \"$2\") | .packets] | add // 0" stats
}

# Accepts and closes on every port given, until the test ends.
listen() {
	mkfifo "$dir/listening"
	in_net mail python3 - "$@" >"$dir/listening" <<-'END' &
		import select, socket, sys
		sockets = []
		for port in sys.argv[1:]:
		    s = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
		    sockets.append(s)
		print("ready", flush=True)
		while True:
		    for s in select.select(sockets, [], [])[0]:
		        s.accept()[0].close()
	END
	read -r _ <"$dir/listening"
}

# Like `grep -q`, but reads to the end: the writer of a pipe must not be told that nobody listens.
has() {
	grep "$@" >/dev/null
}

# connects FROM TO [PORT]: does a connection from the peer's address FROM come about? One that should
# is waited for longer than one that should not.
patience=0.25
connects() {
	in_net peer python3 - "$1" "$2" "${3:-25}" "$patience" <<-'END'
		import socket, sys
		source, to, port, patience = sys.argv[1:]
		s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET)
		s.settimeout(float(patience))
		s.bind((source, 0))
		try:
		    s.connect((to, int(port)))
		except OSError:
		    sys.exit(1)
	END
}

expect() { # MESSAGE COMMAND...
	local message=$1 patience=5
	shift
	"$@" || fail "$message"
}

refute() {
	local message=$1
	shift
	! "$@" || fail "$message"
}

# exits STATUS COMMAND...: output goes to $dir/out and $dir/err
exits() {
	local wanted=$1 status=0
	shift
	"$@" >"$dir/out" 2>"$dir/err" || status=$?
	[ "$status" -eq "$wanted" ] || fail "exit $status, not $wanted: $* ($(cat "$dir/out" "$dir/err"))"
}

says() { # TEXT: in what the last `exits` printed
	grep -qF -- "$1" "$dir/out" "$dir/err" || fail "does not say \"$1\": $(cat "$dir/out" "$dir/err")"
}
