// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/support.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/packet_people.h"

void bench_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

uint8_t bench_family(const char *name)
{
	if (!strcmp(name, "ipv4"))
		return MXF_FAMILY_IPV4;
	if (!strcmp(name, "ipv6"))
		return MXF_FAMILY_IPV6;
	errno = EINVAL;
	bench_fail(name);
}

size_t bench_number(const char *text, size_t most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || number < 1 || number > most) {
		errno = EINVAL;
		bench_fail(text);
	}
	return number;
}

void bench_hold_cpu(void)
{
	const struct sched_param first = {.sched_priority = 1};
	static cpu_set_t one;
	cpu_set_t all;

	if (CPU_COUNT(&one) == 0) {
		if (sched_getaffinity(0, sizeof(all), &all))
			bench_fail("CPUs");
		for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&one) == 0; cpu--)
			if (CPU_ISSET(cpu, &all))
				CPU_SET(cpu, &one);
	}
	if (sched_setaffinity(0, sizeof(one), &one))
		bench_fail("CPU");
	if (sched_setscheduler(0, SCHED_FIFO, &first) && errno != EPERM)
		bench_fail("priority");
}

void bench_release_cpu(void)
{
	const struct sched_param none = {0};

	if (sched_setscheduler(0, SCHED_OTHER, &none))
		bench_fail("priority");
}

void bench_clock_begin(struct bench_sources *sources)
{
	sources->position = 0;
	sources->begin = 0;
}

double bench_clock_read(const struct bench_sources *sources, uint32_t packets)
{
	return (double)(sources->end - sources->begin) / (packets - BENCH_CLOCK_PACKETS);
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *values, size_t count)
{
	double sorted[BENCH_ROUNDS_MAX];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void bench_print(const double *values, size_t count, int decimals)
{
	printf(" %.*f", decimals, median(values, count));
	for (size_t i = 0; i < count; i++)
		printf(" %.*f", decimals, values[i]);
	printf("\n");
}

void bench_frame(const char *recipe, uint16_t port, struct packet *packet)
{
	static struct packet_train train;
	struct packet_subject subject;

	packet_people_subject(PERSON_STRANGER, port, 0, &subject);
	memset(subject.from.ipv4, 0, sizeof(subject.from.ipv4));
	memset(subject.from.ipv6, 0, sizeof(subject.from.ipv6));
	errno = -packet_build(recipe, &subject, &train);
	if (errno)
		bench_fail(recipe);
	*packet = train.packets[0];
}
