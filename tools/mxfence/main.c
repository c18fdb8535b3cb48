// SPDX-License-Identifier: GPL-2.0-only
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "help.h"

static enum mxf_exit run(const struct command *command)
{
	if (!command->given[OPTION_HELP])
		return command->verb->run(command);
	return run_help(command);
}

int main(int argc, char **argv)
{
	struct usage_error error;
	struct command command;
	enum mxf_exit exit;

	setlocale(LC_CTYPE, "");
	if (command_parse(argc, argv, &command, &error))
		exit = run(&command);
	else
		exit = output_error(&command, MXF_EXIT_USAGE,
				    error.hint[0] ? error.hint
						  : "mxfence --help explains all of it",
				    "%s", error.text);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("mxfence: standard output");
		return exit == MXF_EXIT_OK ? MXF_EXIT_FAILED : (int)exit;
	}
	return (int)exit;
}
