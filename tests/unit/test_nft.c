/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_nft.c - the rules, loaded in a network namespace of their own and asked back
 *
 * In a child in a user namespace, as an ordinary user. What nft(8) says of them is compared where
 * it is installed. Skipped where there are no user namespaces or no nf_tables.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "net/nft.h"
#include "pkg/util/fd.h"
#include "pkg/util/proc.h"

enum { SKIP = 77, NO_NFT = 78, TEXT_MAX = 65536 };

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(SKIP);
	(void)close(fd);
}

static void become_alone(void)
{
	char map[64];
	uid_t uid = geteuid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		_exit(SKIP);
	write_text("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	write_text("/proc/self/uid_map", map);
}

static void list_rules(int out)
{
	char list[] = "list", ruleset[] = "ruleset";
	autofree char *nft = proc_find("nft");
	char *argv[] = {nft, list, ruleset, NULL};

	if (!nft)
		_exit(NO_NFT);
	(void)dup2(out, 1);
	(void)execv(nft, argv);
	_exit(NO_NFT);
}

static NORETURN void load_and_list(const struct subnets *s, bool host_loopback, int out)
{
	struct err e = {0};
	int fd;

	become_alone();
	fd = nft_open();
	if (fd < 0)
		_exit(SKIP);
	if (nft_load(fd, s, host_loopback, &e) < 0) {
		(void)dprintf(out, "%s", e.msg);
		_exit(1);
	}
	list_rules(out);
	_exit(0);
}

/* What is loaded, as nft(8) prints it, in *text. */
static void rules(bool host_loopback, struct strbuf *text)
{
	struct subnets s;
	struct err e = {0};
	int p[2], status;
	pid_t pid;

	assert_int_equal(subnet_choose(NULL, 0, 1, 0, &s, &e), 0);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		load_and_list(&s, host_loopback, p[1]);
	(void)close(p[1]);
	assert_int_equal(fd_read_all(p[0], TEXT_MAX, text, &e), 0);
	(void)close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == SKIP || WEXITSTATUS(status) == NO_NFT) {
		print_message("skipped: %s\n", WEXITSTATUS(status) == SKIP
		                                       ? "no user namespaces or no nf_tables"
		                                       : "loaded, but there is no nft to look");
		skip();
	}
	if (WEXITSTATUS(status) != 0)
		fail_msg("%s", text->s ? text->s : "nothing");
}

static void has(const struct strbuf *text, const char *want)
{
	if (!strstr(text->s, want))
		fail_msg("no \"%s\" in:\n%s", want, text->s);
}

TEST(the_rules_are_what_nft_would_have_loaded)
{
	static const char *const lines[] = {
		"table ip kp {",
		"type filter hook prerouting priority mangle; policy accept;",
		"iifname \"kp0\" meta l4proto tcp socket transparent 1 meta mark set 0x00006b70",
		"iifname \"kp0\" meta l4proto udp socket transparent 1 meta mark set 0x00006b70",
		"iifname \"kp0\" meta l4proto icmp socket transparent 1 meta mark set 0x00006b70",
		"type nat hook postrouting priority srcnat; policy accept;",
		"ip saddr 10.244.0.0/24 oifname != \"kp0\" oifname != \"lo\" masquerade",
		"type filter hook output priority filter; policy accept;",
		"type filter hook forward priority filter; policy accept;",
		"oifname \"tap0\" ip daddr 10.0.2.0/24 reject with icmp",
		"table ip6 kp {",
		"iifname \"kp0\" meta l4proto ipv6-icmp socket transparent 1 meta mark set 0x00006b70",
		"ip6 saddr fd00:6b70:",
	};
	autostrbuf struct strbuf text = {0};

	rules(false, &text);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		has(&text, lines[i]);
	assert_null(strstr(text.s, "10.0.2.2 "));
}

TEST(the_gateway_is_open_when_the_host_loopback_is_wanted)
{
	autostrbuf struct strbuf text = {0};
	const char *open, *closed;

	rules(true, &text);
	has(&text, "ip daddr 10.0.2.2 accept");
	open = strstr(text.s, "ip daddr 10.0.2.2 accept");
	closed = strstr(text.s, "reject with icmp");
	assert_true(closed && open < closed); /* or it would never be asked */
}

RUN_TESTS(CASE(the_rules_are_what_nft_would_have_loaded),
          CASE(the_gateway_is_open_when_the_host_loopback_is_wanted))
