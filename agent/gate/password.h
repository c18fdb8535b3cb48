/* SPDX-License-Identifier: GPL-2.0-only */
/* The password file, lines of user:hash, in the memory of the hasher alone. */
#ifndef GATE_PASSWORD_H
#define GATE_PASSWORD_H

#include <stdbool.h>

struct passwords;

/*
 * Reads the file; comments and lines of another form are passed over, and of several lines of one
 * user the first one counts. 0 or -errno.
 */
int passwords_read(const char *path, struct passwords **passwords);
void passwords_free(struct passwords **passwords);

/*
 * Compares with crypt(3); names with their case. For a user who is not there another one's hash is
 * made, so that it takes as long. May be called from several threads at once.
 */
bool passwords_match(const struct passwords *passwords, const char *user, const char *password);

#endif
