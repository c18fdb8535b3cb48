# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Where and when something was measured; sourced. $load is the load average from before.

package() { # NAME...: their versions, as far as they are installed
	dpkg-query -W -f ' ${Package} ${Version},' "$@" 2>/dev/null | sed 's/,$//'
}

machine() { # PACKAGE...
	local model memory
	model=$(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -1)
	memory=$(awk '/^MemTotal:/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)
	echo
	echo "$(date -u '+%Y-%m-%d %H:%M') UTC, revision $(git rev-parse --short HEAD 2>/dev/null || echo unknown)."
	echo "$model, $(nproc) CPUs, $memory; Linux $(uname -r);" "Debian packages:$(package "$@")."
	echo "Load average before: ${load:?}, after: $(cut -d ' ' -f 1-3 /proc/loadavg)."
}
