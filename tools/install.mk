# SPDX-License-Identifier: GPL-2.0-only
# make install and make uninstall; included by the top Makefile. PREFIX, SYSCONFDIR, UNITDIR and
# DESTDIR as usual. An existing configuration is never touched, neither way.

BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
MANDIR = $(PREFIX)/share/man
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
SHAREDIR = $(PREFIX)/share/mxfence
SYSUSERSDIR ?= /usr/lib/sysusers.d
CONFIG = $(SYSCONFDIR)/mxfence/mxfence.yaml

UNITS = mxfence.service mxfence-update.service mxfence-update.timer

# What uninstall takes back.
INSTALLED = $(SBINDIR)/mxfenced $(SBINDIR)/mxfence-update $(BINDIR)/mxfence \
	    $(addprefix $(MANDIR)/man8/,mxfence.8 mxfence-update.8 mxfenced.8) \
	    $(MANDIR)/man5/mxfence.yaml.5 \
	    $(BASHDIR)/mxfence $(ZSHDIR)/_mxfence \
	    $(BASHDIR)/mxfence-update $(ZSHDIR)/_mxfence-update \
	    $(addprefix $(UNITDIR)/,$(UNITS)) $(SYSUSERSDIR)/mxfence.conf \
	    $(addprefix $(SHAREDIR)/,mxfence.yaml grafana.json alerts.yaml postfix.local)

install: all
	install -D -m 755 $(BUILD)/mxfenced $(DESTDIR)$(SBINDIR)/mxfenced
	install -D -m 755 $(BUILD)/mxfence-update $(DESTDIR)$(SBINDIR)/mxfence-update
	install -D -m 755 $(BUILD)/mxfence $(DESTDIR)$(BINDIR)/mxfence
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man8 tools/man/mxfence.8 \
		tools/man/mxfence-update.8 tools/man/mxfenced.8
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man5 tools/man/mxfence.yaml.5
	install -D -m 644 tools/completion/mxfence.bash $(DESTDIR)$(BASHDIR)/mxfence
	install -m 644 tools/completion/mxfence-update.bash $(DESTDIR)$(BASHDIR)/mxfence-update
	install -D -m 644 -t $(DESTDIR)$(ZSHDIR) tools/completion/_mxfence tools/completion/_mxfence-update
	install -D -m 644 tools/systemd/mxfence.sysusers $(DESTDIR)$(SYSUSERSDIR)/mxfence.conf
	install -D -m 644 -t $(DESTDIR)$(SHAREDIR) tools/systemd/mxfence.yaml tools/grafana/alerts.yaml \
		tools/fail2ban/postfix.local
	install -m 644 tools/grafana/mxfence.json $(DESTDIR)$(SHAREDIR)/grafana.json
	install -d $(DESTDIR)$(UNITDIR)
	for unit in mxfence.service mxfence-update.service; do \
		sed -e 's|@SBINDIR@|$(SBINDIR)|g; s|@BINDIR@|$(BINDIR)|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g' \
			tools/systemd/$$unit.in > $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	install -m 644 tools/systemd/mxfence-update.timer $(DESTDIR)$(UNITDIR)
	install -d $(DESTDIR)$(SYSCONFDIR)/mxfence/trusted.d
	test -e $(DESTDIR)$(CONFIG) || install -m 644 tools/systemd/mxfence.yaml $(DESTDIR)$(CONFIG)
	@test -n "$(DESTDIR)" || echo "Next: set the interfaces in $(CONFIG), then" \
		"systemd-sysusers && systemctl daemon-reload && systemctl enable --now mxfence"

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	-rmdir $(DESTDIR)$(SHAREDIR)
	@echo "$(DESTDIR)$(SYSCONFDIR)/mxfence stays; remove it by hand."
