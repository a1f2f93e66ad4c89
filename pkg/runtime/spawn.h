/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.h - start one container process, and exec another into it
 *
 * Called by the supervisor (container root in the project's user namespace, PID 1 of its pid
 * namespace, with a mount namespace of its own). spawn_container() only clones (clone3 with new
 * mount, pid, cgroup namespaces) and returns: the child joins the pod's net, ipc and uts
 * namespaces, builds its root file system and execs, while the supervisor goes on. The error pipe
 * (CLOEXEC) then gives end of file = exec succeeded, or one struct err. The child never returns
 * into the caller's frames.
 */
#pragma once

#include "pkg/util/err.h"

enum spawn_mount_type {
	SPAWN_BIND,  /* bind of fd (an O_PATH descriptor of the source, file or directory), not
	                recursive for  volumes we own, recursive for hostPath */
	SPAWN_TMPFS, /* size bytes, mode */
};

struct spawn_mount {
	enum spawn_mount_type type;
	int fd;             /* SPAWN_BIND: source, a loan */
	const char *target; /* absolute path in the container; made (in the writable layer) if it is
	                       missing */
	const char *sub_path; /* resolved below fd with RESOLVE_BENEATH | NO_SYMLINKS-safe walk;
	                         made as a directory if missing; NULL: none */
	bool read_only, recursive, nosuid_nodev;
	int64_t size;
	mode_t mode;
	const char *what; /* for messages: "volume data (emptyDir)" */
};

struct spawn_spec {
	const char *name; /* for messages: "pod web, container app" */

	/* root file system: overlay of layers (topmost first) with an upper and a work directory */
	const int *layer_fds;
	size_t layer_count;
	int upper_fd, work_fd; /* O_PATH directories; fresh and empty at each start */
	bool read_only_root;
	const struct spawn_mount *mounts; /* in order; parents before children */
	size_t mount_count;
	int64_t shm_size; /* /dev/shm: bind of shm_fd if >= 0 (shared by the pod), else a tmpfs of
	                     this size */
	int shm_fd;

	/* namespaces of the pod; -1: the supervisor's own */
	int net_fd, ipc_fd, uts_fd;
	int cgroup_fd; /* CLONE_INTO_CGROUP, -1: none */

	/* process; strings are final */
	char *const *argv; /* argv[0] is looked up in PATH of env, inside the container */
	char *const *env;
	const char *cwd;        /* made if missing */
	const char *image_user; /* "user[:group]", names or numbers, resolved in the image's passwd
	                           and group (opened in root, regular file only, at most 1 MiB);
	                           NULL: root. Sets HOME if env has none */
	int64_t uid, gid;       /* override; -1: from image_user */
	const uint32_t *groups; /* supplementary; plus those that /etc/group gives the user */
	size_t group_count;
	uint64_t caps; /* bounding set; permitted and effective too when the uid is 0. See caps.h */
	bool no_new_privs, privileged;
	bool no_seccomp;   /* privileged: no filter */
	int oom_score_adj; /* raised only */
	uint64_t nofile;   /* RLIMIT_NOFILE, soft: what kubeplay was started with, not what it gave
	                      itself; 0: 1024 */
	bool host_sys; /* hostNetwork: bind of the host's /sys (read-only, recursive) instead of a
	                  new sysfs */

	int stdin_fd;             /* -1: /dev/null */
	int stdout_fd, stderr_fd; /* pipes; fchown'ed to the container's uid and gid by the child */
	bool tty;     /* a pty in the container's own devpts; its master is sent over tty_sock */
	int tty_sock; /* SOCK_SEQPACKET end that receives the master by SCM_RIGHTS */

	/* Both ends of a pipe: the child prepares everything, but executes only when a byte is in
	 * it, and never if the other end closes before; the byte is left for others. NULL: no gate
	 */
	const int *gate;
};

struct spawn_result {
	pid_t pid; /* in the caller's pid namespace */
	int pidfd;
	int err_fd; /* read end of the error pipe: struct err or end of file; the caller watches it
	             */
};

int spawn_container(const struct spawn_spec *s, struct spawn_result *ret, struct err *e);
/* Read the error pipe (blocking or after it polled readable): 0 exec succeeded, -1 with the child's
 * error. */
int spawn_result_read(int err_fd, struct err *e);

struct exec_spec {
	int container_pidfd; /* its init process: whose namespaces are joined */
	pid_t container_pid; /* the same process: its /proc/PID/root and environ are looked at */
	char *const *argv, *const *env; /* env: the container's, final */
	const char *cwd;
	const char *image_user;
	int64_t uid, gid;
	const uint32_t *groups;
	size_t group_count;
	uint64_t caps;
	bool no_new_privs, privileged, no_seccomp;
	uint64_t nofile; /* as above */
	int cgroup_fd;
	int stdin_fd, stdout_fd, stderr_fd; /* the caller's; ignored with tty */
	bool tty;
	int tty_sock;        /* as above */
	uint16_t rows, cols; /* initial size of the pty, 0: unset */
};

/*
 * Start a process inside a running container: fork, setns(pidfd, all but user),
 * clone3(CLONE_PARENT), so that it is the caller's child. Same result as above; errors:
 * ERR_WORKLOAD with sys ENOENT (127) or EACCES (126).
 */
int spawn_exec(const struct exec_spec *s, struct spawn_result *ret, struct err *e);
