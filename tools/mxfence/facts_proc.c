// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/scoped.h"
#include "facts.h"

#define STATE_LISTEN 0x0au

/* Files of /proc have no size; each is read up to a bound. */
#define PROC_SIZE_MAX ((size_t)64 << 20)

static int proc_read(const char *path, char **text)
{
	FILE *file = fopen(path, "re");
	SCOPED_FREE char *read = NULL;
	size_t size = 0, room = 0;

	if (!file)
		return -errno;
	do {
		char *grown;

		room += 65536;
		grown = realloc(read, room + 1);
		if (!grown) {
			fclose(file);
			return -ENOMEM;
		}
		read = grown;
		size += fread(read + size, 1, room - size, file);
	} while (size == room && room < PROC_SIZE_MAX);
	read[size] = '\0';
	fclose(file);
	*text = TAKE_PTR(read);
	return 0;
}

/* Words in host order, as the kernel prints them: "0100007F", or four of them. */
static bool read_address(const char *hex, uint8_t family, struct ip *ip)
{
	uint32_t words[4] = {0};
	size_t count = family == MXF_FAMILY_IPV4 ? 1 : 4;

	for (size_t i = 0; i < count; i++) {
		unsigned int word;

		if (sscanf(hex + 8 * i, "%8x", &word) != 1)
			return false;
		words[family == MXF_FAMILY_IPV4 ? 3 : i] = __builtin_bswap32(word);
	}
	*ip = ip_from_words(words);
	return true;
}

/* ::ffff:192.0.2.1 is an IPv4 address that an IPv6 socket listens on. */
static void unmap(struct host_listener *listener)
{
	if (listener->ip.hi != 0 || listener->ip.lo >> 32 != 0xffff)
		return;
	listener->ip.lo &= UINT32_MAX;
	listener->family = MXF_FAMILY_IPV4;
}

static void read_listener(struct host_facts *facts, const char *line, uint8_t family)
{
	char address[33];
	unsigned int port, state;
	struct host_listener found = {.family = family};
	struct host_listener *listener;

	if (sscanf(line, " %*u: %32[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x", address, &port, &state) !=
		    3 ||
	    state != STATE_LISTEN || strlen(address) != (family == MXF_FAMILY_IPV4 ? 8 : 32) ||
	    !read_address(address, family, &found.ip))
		return;
	found.port = (uint16_t)port;
	if (family == MXF_FAMILY_IPV6)
		unmap(&found);
	listener = facts_grow(&facts->listeners, &facts->listener_count, sizeof(*listener));
	if (listener)
		*listener = found;
}

void facts_read_listeners(struct host_facts *facts, const char *text, uint8_t family)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		read_listener(facts, line, family);
}

void facts_gather_listeners(struct host_facts *facts)
{
	static const struct {
		const char *path;
		uint8_t family;
	} tables[] = {{"/proc/net/tcp", MXF_FAMILY_IPV4}, {"/proc/net/tcp6", MXF_FAMILY_IPV6}};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		SCOPED_FREE char *text = NULL;
		int error = proc_read(tables[i].path, &text);

		if (!error)
			facts_read_listeners(facts, text, tables[i].family);
		else if (error != -ENOENT || tables[i].family == MXF_FAMILY_IPV4)
			trouble_set(&facts->missing[FACT_LISTENERS], error, "%s: %s",
				    tables[i].path, strerror(-error));
	}
}

/* /proc/sys/net/FAMILY/conf/WHICH/KEY, or another path when `key` is NULL; false without it. */
static bool sysctl_is_set(const char *family, const char *which, const char *key)
{
	char path[256];
	char value[16] = "";
	ssize_t count = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, which, key);
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		count = read(fd, value, sizeof(value) - 1);
	return count > 0 && value[0] != '0' && value[0] != '-';
}

/* The kernel demands both, the key of `all` and that of the interface. */
void facts_gather_sysctls(struct host_facts *facts)
{
	bool source_route = sysctl_is_set("ipv4", "all", "accept_source_route");
	bool seg6 = sysctl_is_set("ipv6", "all", "seg6_enabled");

	facts->forwards[MXF_FAMILY_IPV4] = sysctl_is_set("ipv4", "all", "forwarding");
	facts->forwards[MXF_FAMILY_IPV6] = sysctl_is_set("ipv6", "all", "forwarding");
	for (size_t i = 0; i < facts->interface_count; i++) {
		struct host_interface *at = &facts->interfaces[i];

		at->source_route =
			source_route && sysctl_is_set("ipv4", at->name, "accept_source_route");
		at->seg6 = seg6 && sysctl_is_set("ipv6", at->name, "seg6_enabled");
	}
}

void facts_gather_lists(struct host_facts *facts)
{
	for (size_t i = 0; facts->config && i < facts->config->filter.list_count; i++) {
		const struct range_list *list = &facts->config->filter.lists[i];
		struct host_list *found;
		struct stat status;

		if (list->source.kind == SOURCE_NONE)
			continue;
		found = facts_grow(&facts->lists, &facts->list_count, sizeof(*found));
		if (!found)
			return;
		found->list = list;
		if (stat(list->source.path, &status) == 0)
			found->written = status.st_mtime;
	}
}
