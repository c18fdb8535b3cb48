# SPDX-License-Identifier: GPL-2.0-only
# bash completion of mxfence-update

_mxfence_update_options="--config --run-dir --dry-run --force --dns --dnssec --all --help --version"

_mxfence_update()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	case $previous in
	-c | --config | --dnssec)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--run-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--dns) return ;;
	esac
	case $current in
	-*) mapfile -t COMPREPLY < <(compgen -W "$_mxfence_update_options" -- "$current") ;;
	esac
}
complete -F _mxfence_update mxfence-update
