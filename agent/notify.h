/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

/* Tells the service manager its state as sd_notify(3) does; nothing without $NOTIFY_SOCKET. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

#endif
