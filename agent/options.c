// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <getopt.h>
#include <stdio.h>

#include "mxfence/control.h"

static const char usage[] =
	"Usage: mxfenced [-c FILE] [--run-dir DIR] [--pin-dir DIR] [--state-dir DIR]\n"
	"                [--foreground] [--replace-pins]\n"
	"\n"
	"  -c, --config FILE   configuration (/etc/mxfence/mxfence.yaml)\n"
	"      --run-dir DIR   control socket and process id (/run/mxfence)\n"
	"      --pin-dir DIR   pinned maps and links, on a BPF filesystem (/sys/fs/bpf/mxfence)\n"
	"      --state-dir DIR reserved: nothing is kept there\n"
	"      --foreground    do not go to the background\n"
	"      --replace-pins  replace pins that another version made\n"
	"  -h, --help\n"
	"  -V, --version\n";

enum { OPTION_RUN_DIR = 256, OPTION_PIN_DIR, OPTION_STATE_DIR, OPTION_FOREGROUND, OPTION_REPLACE };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"run-dir", required_argument, NULL, OPTION_RUN_DIR},
	{"pin-dir", required_argument, NULL, OPTION_PIN_DIR},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"foreground", no_argument, NULL, OPTION_FOREGROUND},
	{"replace-pins", no_argument, NULL, OPTION_REPLACE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static int option_take(int option, struct options *options)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return -1;
	case OPTION_RUN_DIR:
		options->run_dir = optarg;
		return -1;
	case OPTION_PIN_DIR:
		options->pin_dir = optarg;
		return -1;
	case OPTION_STATE_DIR:
		return -1;
	case OPTION_FOREGROUND:
		options->foreground = true;
		return -1;
	case OPTION_REPLACE:
		options->replace_pins = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return MXF_EXIT_OK;
	case 'V':
		puts("mxfenced " MXF_VERSION);
		return MXF_EXIT_OK;
	default:
		fputs(usage, stderr);
		return MXF_EXIT_USAGE;
	}
}

int options_parse(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){
		.config = "/etc/mxfence/mxfence.yaml",
		.run_dir = "/run/mxfence",
		.pin_dir = "/sys/fs/bpf/mxfence",
	};
	while ((option = getopt_long(argc, argv, "c:hV", long_options, NULL)) != -1) {
		int exit = option_take(option, options);

		if (exit >= 0)
			return exit;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "mxfenced: takes no arguments beside its options\n%s", usage);
	return MXF_EXIT_USAGE;
}
