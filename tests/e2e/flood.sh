# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A flood through the lab's wire, every frame accounted for; sourced after lib.sh.
#
# A class is NAME NETWORK PORT: SYNs from every address NETWORK ends in, to PORT.
declare -A sent=() passed=() sent_in_all=()
trap '' PIPE

flood_start() { # CLASS...
	coproc FLOOD {
		exec "$build/tests/e2e/tools/flood" peer out0 mail mx0 250 "$@" 2>"$dir/flood.err"
	}
	flood_pid=$FLOOD_PID
	flood_ask
}

flood_failed() {
	fail "the flood has ended: $(cat "$dir/flood.err")"
}

# Sets `sent` and `passed` of each class to what was since the last time.
flood_ask() { # [QUESTION]
	local answer i name
	[ -n "${FLOOD[1]:-}" ] || flood_failed
	printf '%s' "${1:-?}" >&"${FLOOD[1]}" || flood_failed
	read -r -a answer <&"${FLOOD[0]}" || flood_failed
	for ((i = 0; i < ${#answer[@]}; i += 3)); do
		name=${answer[i]}
		sent[$name]=${answer[i + 1]}
		passed[$name]=${answer[i + 2]}
		sent_in_all[$name]=$((${sent_in_all[$name]:-0} + ${sent[$name]}))
	done
}

# Asks for the last time.
flood_stop() {
	flood_ask .
	wait "$flood_pid" || flood_failed
}

# Waits until the flood has noticed that its wire is gone.
flood_wait_gone() {
	local status=0
	wait "$flood_pid" || status=$?
	[ "$status" -eq 3 ] || flood_failed
}

all_passed() { # WHEN NAME...
	local when=$1 name
	shift
	for name in "$@"; do
		[ "${sent[$name]}" -gt 0 ] || fail "$when: nothing was sent from $name"
		[ "${passed[$name]}" -eq "${sent[$name]}" ] ||
			fail "$when: of ${sent[$name]} from $name ${passed[$name]} passed"
	done
}

none_passed() { # WHEN NAME...
	local when=$1 name
	shift
	for name in "$@"; do
		[ "${sent[$name]}" -gt 0 ] || fail "$when: nothing was sent from $name"
		[ "${passed[$name]}" -eq 0 ] ||
			fail "$when: of ${sent[$name]} from $name ${passed[$name]} passed"
	done
}

sent_sum() { # NAME...
	local name sum=0
	for name in "$@"; do
		sum=$((sum + sent_in_all[$name]))
	done
	echo "$sum"
}

# The fence has counted what was ever sent of these classes, no more, no less.
counted() { # VERDICT REASON NAME...
	local verdict=$1 reason=$2 counted sum
	shift 2
	counted=$(packets "$verdict" "$reason")
	sum=$(sent_sum "$@")
	[ "$counted" -eq "$sum" ] || fail "$verdict $reason: $counted counted, $sum sent"
}

# So many reloads, with one configuration and the other in turn.
reloads() { # COUNT FILE FILE
	python3 - "$dir/run/control.sock" "$config" "$@" <<-'END'
		import json, os, socket, sys
		control, config, count, *files = sys.argv[1:]
		for i in range(int(count)):
		    os.symlink(files[i % 2], config + ".next")
		    os.replace(config + ".next", config)
		    with socket.socket(socket.AF_UNIX) as s:
		        s.connect(control)
		        s.sendall(b'{"verb": "reload"}\n')
		        answer = json.loads(s.makefile().readline())
		    if answer["exit"] != 0:
		        sys.exit(f"reload {i}: {answer}")
	END
}
