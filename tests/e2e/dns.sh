# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A DNS server in the namespace `mail`, on loopback; sourced after lib.sh.
#
# Zone files lie in $zones. $dns is the server as --dns takes it.
command -v nsd drill >/dev/null || skip "nsd and ldnsutils are not installed"
zones=$dir/zones
dns=127.0.0.1@5300
mkdir "$zones"

dns_answers() { # NAME PATTERN: to a question for TXT
	in_net mail drill -p 5300 @127.0.0.1 "$1" TXT 2>/dev/null | has -E -- "$2"
}

dns_wait() { # NAME PATTERN
	for _ in $(seq 200); do
		! dns_answers "$@" || return 0
		sleep 0.05
	done
	fail "the DNS server does not answer $1 with $2: $(cat "$dir/nsd")"
}

# A zone whose file is missing is answered with SERVFAIL.
dns_start() { # ZONE...: each in the file of that name
	local zone
	cat >"$zones/nsd.conf" <<-END
		server:
		  ip-address: 127.0.0.1@5300
		  username: ""
		  chroot: ""
		  zonesdir: "$zones"
		  pidfile: "$zones/pid"
		  database: ""
		  xfrdfile: "$zones/xfrd"
		  zonelistfile: "$zones/list"
		  server-count: 1
		remote-control:
		  control-enable: no
	END
	for zone; do
		printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' "$zone" "$zone" >>"$zones/nsd.conf"
	done
	nsenter --net=/run/netns/mail -- nsd -d -c "$zones/nsd.conf" >"$dir/nsd" 2>&1 &
	dns_pid=$!
}

dns_reload() {
	kill -HUP "$dns_pid"
}
