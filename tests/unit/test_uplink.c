/* SPDX-License-Identifier: Apache-2.0 */
/* test_uplink.c - which program carries packets out, and with which arguments */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "net/uplink.h"

struct place {
	char dir[32], modern[64], old[64], slirp[64];
};

static void write_program(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static int up(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/kp-uplink-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	(void)snprintf(p->modern, sizeof(p->modern), "%s/pasta", p->dir);
	(void)snprintf(p->old, sizeof(p->old), "%s/pasta-old", p->dir);
	(void)snprintf(p->slirp, sizeof(p->slirp), "%s/slirp4netns", p->dir);
	write_program(p->modern, "usage ... --map-host-loopback ADDR ...");
	write_program(p->old, "usage ... --no-map-gw ...");
	write_program(p->slirp, "slirp");
	*state = p;
	return 0;
}

static int down(void **state)
{
	struct place *p = *state;

	(void)unlink(p->modern);
	(void)unlink(p->old);
	(void)unlink(p->slirp);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static enum uplink_kind choose(const char *pasta, const char *slirp)
{
	struct uplink_places places = {pasta, slirp};
	struct uplink u = {0};
	struct err e = {0};
	enum uplink_kind kind;

	assert_true(uplink_choose(NET_AUTO, NULL, false, &places, &u, &e) >= 0);
	kind = u.kind;
	uplink_done(&u);
	return kind;
}

static void auto_takes_modern_pasta_then_slirp_then_old_pasta(void **state)
{
	const struct place *p = *state;

	assert_int_equal(choose(p->modern, p->slirp), UPLINK_PASTA);
	assert_int_equal(choose(p->old, p->slirp), UPLINK_SLIRP);
	assert_int_equal(choose(p->old, NULL), UPLINK_PASTA);
	assert_int_equal(choose(NULL, p->slirp), UPLINK_SLIRP);
}

TEST(without_a_program_auto_explains_and_a_wish_fails)
{
	struct uplink_places none = {NULL, NULL};
	struct uplink u = {0};
	struct err e = {0};

	assert_int_equal(uplink_choose(NET_AUTO, NULL, false, &none, &u, &e), 1);
	assert_int_equal(u.kind, UPLINK_NONE);
	assert_non_null(strstr(e.msg, "apt install passt or slirp4netns"));
	assert_int_equal(uplink_choose(NET_PASTA, NULL, false, &none, &u, &e), -1);
	assert_non_null(strstr(e.msg, "apt install passt"));
	assert_int_equal(uplink_choose(NET_SLIRP, NULL, false, &none, &u, &e), -1);
	assert_int_equal(e.kind, ERR_HOST);
}

static char *argv_of(enum net_mode mode, const char *options, bool loopback, bool route,
                     const struct uplink_places *places)
{
	struct subnets s;
	struct uplink u = {0};
	struct err e = {0};
	autostrv struct strv v = {0};
	autostrbuf struct strbuf b = {0};

	assert_int_equal(subnet_choose(NULL, 0, 1, 0, &s, &e), 0);
	assert_int_equal(uplink_choose(mode, options, loopback, places, &u, &e), 0);
	uplink_argv(&u, &s, "/run/ns", route, 3, &v);
	for (size_t i = 0; i < v.len; i++)
		strbuf_addf(&b, i ? " %s" : "%s", v.v[i]);
	uplink_done(&u);
	return strbuf_take(&b);
}

static void the_vectors_are_those_that_were_measured(void **state)
{
	const struct place *p = *state;
	struct uplink_places places = {p->old, p->slirp};
	autofree char *slirp = argv_of(NET_SLIRP, NULL, false, true, &places);
	autofree char *pasta = argv_of(NET_PASTA, NULL, false, true, &places);
	autofree char *open_pasta = argv_of(NET_PASTA, NULL, true, false, &places);
	autofree char *open_slirp = argv_of(NET_SLIRP, NULL, true, true, &places);

	assert_string_equal(slirp, "slirp4netns --mtu=65520 --cidr=10.0.2.0/24 --disable-dns "
	                           "--disable-host-loopback --enable-sandbox --enable-seccomp -r 3 "
	                           "--netns-type=path /run/ns tap0");
	assert_string_equal(pasta, "pasta -q -f -4 -a 10.0.2.100 -n 24 -g 10.0.2.2 -I tap0 -M "
	                           "52:54:00:12:34:56 --no-map-gw -t none -u none -T none -U none "
	                           "--netns-only --netns /run/ns");
	assert_null(strstr(open_pasta, "--no-map-gw"));
	assert_non_null(strstr(open_pasta, " -i lo "));
	assert_null(strstr(open_slirp, "--disable-host-loopback"));
}

static void options_of_the_user_are_checked(void **state)
{
	const struct place *p = *state;
	struct uplink_places places = {p->old, p->slirp};
	autofree char *slirp =
		argv_of(NET_SLIRP, "mtu=1500,allow_host_loopback=true,enable_ipv6=true", false,
	                true, &places);
	autofree char *pasta = argv_of(NET_PASTA, "--map-gw,--trace", false, true, &places);
	static const char *const wrong[] = {"mtu", "x=1", "enable_ipv6=maybe"};

	assert_non_null(strstr(slirp, " --mtu=1500 --enable-ipv6 "));
	assert_null(strstr(slirp, "65520"));
	assert_null(strstr(slirp, "--disable-host-loopback"));
	assert_null(strstr(pasta, "--no-map-gw"));
	assert_non_null(strstr(pasta, " --trace "));
	for (size_t i = 1; i < ARRAY_LEN(wrong); i++) {
		struct uplink u = {0};
		struct err e = {0};

		assert_int_equal(uplink_choose(NET_SLIRP, wrong[i], false, &places, &u, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
	}
}

static void a_tun_device_that_cannot_be_opened_names_mode_and_fix(void **state)
{
	const struct place *p = *state;
	struct err e = {0};

	assert_int_equal(uplink_check_tun("/dev/null", &e), 0);
	assert_int_equal(uplink_check_tun("/nonexistent/tun", &e), -1);
	assert_non_null(strstr(e.msg, "modprobe tun"));
	assert_int_equal(uplink_check_tun(p->dir, &e), -1); /* a directory cannot be written */
	assert_non_null(strstr(e.msg, "mode 0700"));
	assert_non_null(strstr(e.msg, "chmod 0666"));
}

RUN_TESTS(CASE_WITH(auto_takes_modern_pasta_then_slirp_then_old_pasta, up, down),
          CASE(without_a_program_auto_explains_and_a_wish_fails),
          CASE_WITH(the_vectors_are_those_that_were_measured, up, down),
          CASE_WITH(options_of_the_user_are_checked, up, down),
          CASE_WITH(a_tun_device_that_cannot_be_opened_names_mode_and_fix, up, down))
