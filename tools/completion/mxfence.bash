# SPDX-License-Identifier: GPL-2.0-only
# bash completion of mxfence

_mxfence_common="--config --run-dir --pin-dir --json --raw --help --version"

_mxfence_verbs="status check reload diff apply confirm rollback load unload trust ban explain stats drops events sessions import doctor metrics version help"

# Options of a verb besides the common ones.
_mxfence_options()
{
	case $1 in
	# verbs
	status) echo "" ;;
	check) echo "" ;;
	reload) echo "" ;;
	diff) echo "" ;;
	apply) echo "--try" ;;
	confirm) echo "" ;;
	rollback) echo "" ;;
	load) echo "" ;;
	unload) echo "" ;;
	"trust list") echo "--list" ;;
	"trust add") echo "--list --note --for --force" ;;
	"trust del") echo "--list" ;;
	"trust import") echo "--force" ;;
	"trust suggest") echo "" ;;
	"ban list") echo "" ;;
	"ban add") echo "--note --for --force" ;;
	"ban del") echo "" ;;
	explain) echo "--port --local --auth --from --to --tls" ;;
	stats) echo "--by --watch" ;;
	drops) echo "--names --watch" ;;
	events) echo "--follow" ;;
	sessions) echo "" ;;
	"import members") echo "--format --select --group --output --dry-run" ;;
	"import exchange") echo "--output --dry-run" ;;
	doctor) echo "" ;;
	metrics) echo "" ;;
	version) echo "" ;;
	help) echo "" ;;
	# end of verbs
	*) return 1 ;;
	esac
}

# What may follow the words of a verb; "" when nothing stands there yet.
_mxfence_words()
{
	case $1 in
	"" | help) echo "$_mxfence_verbs" ;;
	trust | "help trust") echo "list add del import suggest" ;;
	ban | "help ban") echo "list add del" ;;
	import | "help import") echo "members exchange" ;;
	esac
}

_mxfence()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb="" skip="" word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [ -n "$skip" ]; then
			skip=""
			continue
		fi
		case $word in
		-c | --config | --run-dir | --pin-dir | --list | --note | --for | --try | --port | --local | --auth | --from | --to | --format | --select | --group | --output | --by) skip=1 ;;
		-*) ;;
		*) verb=${verb:+$verb }$word ;;
		esac
	done

	COMPREPLY=()
	case $previous in
	-c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--run-dir | --pin-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--by)
		mapfile -t COMPREPLY < <(compgen -W "reason list range interface" -- "$current")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "plain exchange55 csv ldif" -- "$current")
		return
		;;
	--select)
		mapfile -t COMPREPLY < <(compgen -W "all closed rejected" -- "$current")
		return
		;;
	--output)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--list | --note | --for | --try | --port | --local | --auth | --from | --to | --group) return ;;
	esac
	case $current in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$_mxfence_common $(_mxfence_options "$verb")" -- "$current")
		;;
	*)
		if [ "$verb" = check ] || [[ $verb == "trust import "* ]] || [ "$verb" = "import members" ] || [ "$verb" = "import exchange" ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_mxfence_words "$verb")" -- "$current")
		fi
		;;
	esac
}
complete -F _mxfence mxfence
