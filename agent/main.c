// SPDX-License-Identifier: GPL-2.0-only
/* mxfenced, the agent. */
#include <stdio.h>
#include <string.h>

#include "background.h"
#include "core/log.h"
#include "keeper.h"

int main(int argc, char **argv)
{
	struct keeper *keeper;
	struct options options;
	int exit = options_parse(argc, argv, &options);
	int parent = -1;

	if (exit >= 0)
		return exit;
	if (!options.foreground) {
		parent = background_enter();
		if (parent < 0) {
			log_error("cannot go to the background: %s", strerror(-parent));
			return MXF_EXIT_FAILED;
		}
	}
	exit = (int)keeper_start(&options, &keeper);
	if (exit != MXF_EXIT_OK)
		return exit;
	if (parent >= 0)
		background_ready(parent, log_uses_stderr());
	keeper_run(keeper);
	return (int)keeper_stop(&keeper);
}
