// SPDX-License-Identifier: GPL-2.0-only
/* Configurations: read, judged and explained, whatever they are. The files they name do not exist.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fence/lint.h"
#include "policy/policy.h"

#define NOWHERE "/proc/self/fdinfo/nowhere/mxfence.yaml"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed must not carry a control character from the configuration. */
static void print(const struct config *config, const struct diags *diags)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		abort();
	diags_print(diags, &config->sources, false, stream);
	fclose(stream);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t')
			abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags diags = {0};
	struct policy *policy;
	struct config *config;

	if (config_load_text(NOWHERE, (const char *)data, size, &config, &diags) != 0)
		abort();
	if (lint_filter(config, &diags) != 0)
		abort();
	if (policy_compile(config, &diags, &policy) != 0)
		abort();
	diags_sort(&diags);
	print(config, &diags);
	policy_free(&policy);
	config_free(&config);
	diags_clear(&diags);
	return 0;
}
