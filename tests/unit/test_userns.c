/* SPDX-License-Identifier: Apache-2.0 */
/* test_userns.c - children in mapped user namespaces, namespaces without processes, the storage
 * probe */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/runtime/cgroup.h"
#include "pkg/runtime/ns.h"
#include "pkg/runtime/probe.h"
#include "pkg/runtime/userns.h"
#include "pkg/util/fd.h"
#include "pkg/util/fs.h"
#include "pkg/util/proc.h"

static struct idmap map;
static char dir_path[] = "/var/tmp/kp-userns-XXXXXX";
static int dir = -1;

static void need_full_map(void)
{
	struct err e = {0};

	if (idmap_detect(&map, &e) < 0 || map.single)
		skip();
}

static int look_around(void *arg)
{
	int *fd = arg;
	gid_t groups[8];

	if (getuid() != 0 || geteuid() != 0 || getgid() != 0 || getgroups(8, groups) != 0)
		return 1;
	if (setresuid(1000, 1000, 0) < 0 || setresuid(0, 0, 0) < 0)
		return 2; /* a sub-id is mapped */
	return write(*fd, "x", 1) == 1 ? 42 : 3;
}

TEST(a_child_is_root_of_a_full_mapping_and_keeps_descriptors)
{
	struct err e = {0};
	int p[2], pidfd = -1;
	char byte = 0;
	pid_t pid;

	need_full_map();
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = userns_fork(&map, CLONE_NEWPID, look_around, &p[1], &pidfd, &e);
	if (pid < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(proc_reap(pidfd), 42);
	assert_int_equal(read(p[0], &byte, 1), 1);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(pidfd);
}

static int failing(void *arg, struct err *e)
{
	(void)arg;
	return err_sys_kind(e, ERR_IMAGE, ENOTDIR, "inside");
}

static int dying(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return raise(SIGKILL);
}

static int mounting(void *arg, struct err *e)
{
	(void)arg;
	return mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 ? err_sys(e, errno, "mount") : 0;
}

TEST(errors_of_a_child_arrive_whole)
{
	struct err e = {0};

	need_full_map();
	assert_int_equal(userns_run(&map, failing, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_IMAGE);
	assert_int_equal(e.sys, ENOTDIR);
	assert_string_equal(e.msg, "inside: Not a directory");
	assert_int_equal(userns_run(&map, dying, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "ended with code 137"));
	assert_int_equal(userns_run_early(&map, failing, mounting, NULL, &e), -1);
	assert_string_equal(e.msg, "inside: Not a directory");
	assert_int_equal(userns_run(&map, mounting, NULL, &e), 0);
}

/* Files of sub-ids, in a directory that only its owner may enter. */
static int make_foreign(void *arg, struct err *e)
{
	int fd = *(int *)arg;
	int made;

	if (fchdir(fd) < 0 || mkdir("tree", 0755) < 0 || mkdir("tree/closed", 0700) < 0)
		return err_sys(e, errno, "mkdir");
	made = open("tree/closed/file", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (made < 0 || fchown(made, 33, 33) < 0 || close(made) < 0 ||
	    chown("tree/closed", 1000, 1000) < 0 || chown("tree", 1000, 1000) < 0)
		return err_sys(e, errno, "chown");
	return 0;
}

TEST(what_sub_ids_own_can_be_removed)
{
	struct err e = {0}, gone = {0};
	struct stat st;

	need_full_map();
	if (map.as_root)
		assert_int_equal(
			fchown(dir, (uid_t)idmap_host_uid(&map, 0), (gid_t)idmap_host_gid(&map, 0)),
			0);
	if (userns_run(&map, make_foreign, &dir, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(fstatat(dir, "tree", &st, 0), 0);
	assert_int_equal(st.st_uid, idmap_host_uid(&map, 1000));
	if (!map.as_root)
		assert_int_equal(fs_remove_tree(dir, "tree", &gone),
		                 -1); /* or this test shows nothing */
	if (userns_remove_tree(&map, dir, "tree", &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(fstatat(dir, "tree", &st, 0), -1);
	assert_int_equal(userns_remove_tree(&map, dir, "tree", &e), 0);
}

TEST(a_single_id_mapping_works_without_helpers)
{
	struct idmap one = {.uid = {{0, geteuid(), 1}},
	                    .gid = {{0, getegid(), 1}},
	                    .uid_count = 1,
	                    .gid_count = 1,
	                    .single = true};
	struct err e = {0};

	need_full_map();
	if (userns_run(&one, mounting, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

TEST(a_refused_range_is_explained)
{
	struct idmap wrong;
	struct err e = {0};

	need_full_map();
	wrong = map;
	if (map.as_root) { /* root may map anything, but nothing twice */
		wrong.uid[wrong.uid_count++] = map.uid[0];
		assert_int_equal(userns_run(&wrong, mounting, NULL, &e), -1);
		assert_non_null(strstr(e.msg, "map the user namespace: write /proc/"));
		return;
	}
	wrong.uid[1].outside = 1; /* the ids of the system's own users */
	assert_int_equal(userns_run(&wrong, mounting, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_HOST);
	assert_non_null(strstr(e.msg, "newuidmap failed (exit code 1)"));
	assert_non_null(strstr(e.msg, "sudo usermod --add-subuids"));
}

TEST(every_reason_against_user_namespaces_has_words)
{
	static const struct {
		int num;
		const char *text;
	} rows[] = {
		{ENOSPC, "user.max_user_namespaces"},
		{EPERM, "chroot"},
		{EUSERS, "nested"},
		{EINVAL, "CONFIG_USER_NS"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};

		assert_int_equal(userns_explain(rows[i].num, &e), -1);
		assert_int_equal(e.kind, ERR_HOST);
		assert_int_equal(e.sys, rows[i].num);
		if (!strstr(e.msg, rows[i].text) && !strstr(e.msg, "sysctl"))
			fail_msg("%s", e.msg);
	}
}

/* ---- ns.h ---- */

static int name_it(void *arg, struct err *e)
{
	int *calls = arg;

	(*calls)++; /* the memory is shared */
	return sethostname("podname", 7) < 0 ? err_sys(e, errno, "sethostname") : 0;
}

static int check_name(void *arg, struct err *e)
{
	char name[64] = "";

	(void)arg;
	(void)gethostname(name, sizeof(name));
	return streq(name, "podname") ? 0 : err_set(e, ERR_HOST, "it is called %s", name);
}

static int links_only(void *arg, struct err *e)
{
	(void)arg;
	return if_nametoindex("lo") == 1 && if_nametoindex("eth0") == 0
	               ? 0
	               : err_set(e, ERR_HOST, "not a fresh network namespace");
}

static int in_user_namespace(void *arg, struct err *e)
{
	struct ns_set s = {-1, -1, -1};
	int calls = 0;

	(void)arg;
	if (ns_make(CLONE_NEWNET | CLONE_NEWUTS, name_it, &calls, &s, e) < 0)
		return -1;
	if (calls != 1 || s.net < 0 || s.uts < 0 || s.ipc != -1)
		return err_set(e, ERR_HOST, "calls %d net %d ipc %d uts %d", calls, s.net, s.ipc,
		               s.uts);
	if (check_name(NULL, e) == 0)
		return err_set(e, ERR_HOST, "our own name changed");
	if (ns_join_run(s.uts, CLONE_NEWUTS, check_name, NULL, e) < 0 ||
	    ns_join_run(s.net, CLONE_NEWNET, links_only, NULL, e) < 0)
		return -1;
	if (ns_join_run(s.net, CLONE_NEWNET, failing, NULL, e) >= 0 || e->kind != ERR_IMAGE)
		return err_set(e, ERR_HOST, "the visitor's error was lost");
	*e = (struct err){0};
	ns_close(&s);
	return s.net == -1 ? 0 : err_set(e, ERR_HOST, "not closed");
}

TEST(namespaces_live_without_a_process_and_can_be_visited)
{
	struct err e = {0};

	need_full_map();
	if (userns_run(&map, in_user_namespace, NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

/* ---- probe.h ---- */

TEST(the_probe_finds_a_local_disk_good_and_remembers)
{
	struct storage_probe p, again;
	struct err e = {0};
	struct stat st;
	char buf[24];

	need_full_map();
	if (storage_probe_run(&map, dir, dir_path, &p, &e) < 0)
		fail_msg("%s", e.msg);
	if (streq(fs_type_name(dir, buf), "overlay"))
		skip();
	assert_false(p.cached);
	if (storage_probe_verdict(&p, &map, dir_path, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(p.chown_ok && p.xattr_ok && p.whiteout_ok && p.overlay_ok);
	assert_int_equal(storage_probe_run(&map, dir, dir_path, &again, &e), 0);
	assert_true(again.cached);
	assert_true(again.chown_ok && again.xattr_ok && again.whiteout_ok && again.overlay_ok);
	assert_string_equal(again.fs, p.fs);
	assert_int_equal(fstatat(dir, "probe", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

TEST(a_damaged_or_old_verdict_is_not_believed)
{
	static const char *const texts[] = {"", "0 0 0 0 0 0\n", "other key\n1 1 1 1 0 0\n"};
	struct storage_probe p;
	struct err e = {0};

	need_full_map();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(
			fs_write_atomic(dir, "probe", texts[i], strlen(texts[i]), 0600, false, &e),
			0);
		if (storage_probe_run(&map, dir, dir_path, &p, &e) < 0)
			fail_msg("%s", e.msg);
		assert_false(p.cached);
	}
}

TEST(each_verdict_names_the_file_system_and_the_fix)
{
	struct idmap full = {.uid_count = 2}, one = {.single = true};
	struct storage_probe nfs = {.xattr_ok = true, .chown_errno = EPERM, .fs = "nfs"};
	struct storage_probe small = {.xattr_ok = true,
	                              .whiteout_ok = true,
	                              .overlay_ok = true,
	                              .chown_errno = EINVAL,
	                              .fs = "ext4"};
	struct storage_probe odd = {
		.chown_ok = true, .whiteout_ok = true, .overlay_ok = true, .fs = "vfat"};
	struct storage_probe over = {.chown_ok = true,
	                             .whiteout_ok = true,
	                             .xattr_ok = true,
	                             .overlay_errno = EINVAL,
	                             .fs = "overlay"};
	struct err e = {0};

	assert_int_equal(storage_probe_verdict(&nfs, &full, "/home/x", &e), -1);
	assert_non_null(strstr(e.msg, "/home/x is on nfs"));
	assert_non_null(strstr(e.msg, "--root DIR"));
	assert_int_equal(e.kind, ERR_HOST);
	assert_int_equal(storage_probe_verdict(&small, &full, "/d", &e), -1);
	assert_non_null(strstr(e.msg, "usermod"));
	assert_int_equal(storage_probe_verdict(&small, &one, "/d", &e), 0);
	assert_int_equal(storage_probe_verdict(&odd, &full, "/d", &e), -1);
	assert_non_null(strstr(e.msg, "user extended attributes"));
	assert_int_equal(storage_probe_verdict(&over, &full, "/d", &e), -1);
	assert_non_null(strstr(e.msg, "upper layer"));
}

/* ---- cgroup.h ---- */

static int wait_for_end(void *arg)
{
	(void)arg;
	return pause();
}

TEST(cgroups_work_where_they_are_delegated)
{
	struct err e = {0};
	int project = cgroup_project_open("unit-test", &e), child, pidfd = -1;
	char pid_text[16];
	pid_t pid;

	need_full_map();
	if (project < 0) { /* not delegated: that must have a reason */
		assert_true(e.msg[0] != '\0');
		return;
	}
	child = cgroup_child(project, "web.app", &e);
	assert_true(child >= 0);
	assert_int_equal(cgroup_child(project, "../up", &e), -1);
	pid = userns_fork(&map, 0, wait_for_end, NULL, &pidfd, &e);
	assert_true(pid > 0);
	(void)snprintf(pid_text, sizeof(pid_text), "%d", (int)pid);
	autoclose int procs = openat(child, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	assert_int_equal(fd_write_all(procs, pid_text, strlen(pid_text), &e), 0);
	assert_int_equal(cgroup_project_remove("unit-test", 0, &e), -1); /* it is in use */
	assert_int_equal(cgroup_kill(child, &e), 0);
	assert_int_equal(proc_reap(pidfd), 128 + SIGKILL);
	(void)close(child);
	(void)close(project);
	(void)close(pidfd);
	assert_int_equal(cgroup_project_remove("unit-test", 1000, &e), 0);
	assert_int_equal(cgroup_project_remove("unit-test", 0, &e), 0);
}

static int up(void **state)
{
	(void)state;
	if (!mkdtemp(dir_path))
		return -1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int down(void **state)
{
	struct err e = {0};

	(void)state;
	return fs_remove_tree(AT_FDCWD, dir_path, &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_child_is_root_of_a_full_mapping_and_keeps_descriptors),
		CASE(errors_of_a_child_arrive_whole),
		CASE(what_sub_ids_own_can_be_removed),
		CASE(a_single_id_mapping_works_without_helpers),
		CASE(a_refused_range_is_explained),
		CASE(every_reason_against_user_namespaces_has_words),
		CASE(namespaces_live_without_a_process_and_can_be_visited),
		CASE(the_probe_finds_a_local_disk_good_and_remembers),
		CASE(a_damaged_or_old_verdict_is_not_believed),
		CASE(each_verdict_names_the_file_system_and_the_fix),
		CASE(cgroups_work_where_they_are_delegated),
	};

	return cmocka_run_group_tests(tests, up, down);
}
