/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - see wire.h */
#include "pkg/pod/wire.h"

#include <errno.h>

#include "pkg/pod/client.h"
#include "pkg/util/fd.h"

static int send_text(int sock, const char *text, size_t len, const int *fds, size_t nfds,
                     struct err *e)
{
	static const char announce[] = "{\"memfd\": true}";
	int all[FD_MAX_PASS];
	autoclose int memfd = -1;

	if (len > CTL_MAX_MESSAGE) {
		if (nfds + 1 > FD_MAX_PASS || len > WIRE_MAX)
			return err_sys(e, EMSGSIZE, "control message");
		memfd = fd_memfd("kubeplay-message", text, len, e);
		if (memfd < 0)
			return -1;
		all[0] = memfd;
		if (nfds)
			memcpy(all + 1, fds, nfds * sizeof(*fds));
		fds = all;
		nfds++;
		text = announce;
		len = sizeof(announce) - 1;
	}
	if (fd_send_msg(sock, text, len, fds, nfds) < 0)
		return err_sys(e, errno, "control socket");
	return 0;
}

int wire_send(int sock, json_t *msg, const int *fds, size_t nfds, struct err *e)
{
	autofree char *text = msg ? json_dumps(msg, JSON_COMPACT) : NULL;

	json_decref(msg);
	if (!text)
		return err_set(e, ERR_HOST, "control message: not valid UTF-8");
	return send_text(sock, text, strlen(text), fds, nfds, e);
}

/* The message is in the first descriptor: replace *msg by it, drop the descriptor. */
static int unfold(json_t **msg, int *fds, size_t *nfds, struct err *e)
{
	autostrbuf struct strbuf text = {0};
	json_t *whole;

	if (!*nfds)
		return err_set(e, ERR_INPUT, "control message: its memfd is missing");
	if (fd_read_memfd(fds[0], WIRE_MAX, &text, e) < 0)
		return err_wrap(e, "control message");
	whole = json_loadb(text.s ? text.s : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(whole)) {
		json_decref(whole);
		return err_set(e, ERR_INPUT, "control message: not a JSON object");
	}
	close_fd(&fds[0]);
	--*nfds;
	memmove(fds, fds + 1, *nfds * sizeof(*fds));
	json_decref(*msg);
	*msg = whole;
	return 0;
}

int wire_recv(int sock, json_t **ret, int *fds, size_t *ret_nfds, struct err *e)
{
	autofree char *buf = xmalloc(CTL_MAX_MESSAGE);
	json_t *msg;
	ssize_t n = fd_recv_msg(sock, buf, CTL_MAX_MESSAGE, fds, ret_nfds);

	if (n < 0)
		return err_sys(e, errno, "control socket");
	if (n == 0) {
		fd_close_many(fds, *ret_nfds);
		return 0;
	}
	msg = json_loadb(buf, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(msg))
		(void)err_set(e, ERR_INPUT, "control message: not a JSON object");
	else if (!json_is_true(json_object_get(msg, "memfd")) ||
	         unfold(&msg, fds, ret_nfds, e) == 0) {
		*ret = msg;
		return 1;
	}
	json_decref(msg);
	fd_close_many(fds, *ret_nfds);
	*ret_nfds = 0;
	return -1;
}

json_t *wire_error(const struct err *e)
{
	/* A message cut inside a character would not be JSON. */
	autofree char *clean = NULL;
	json_t *text = json_string(e->msg);

	if (!text) {
		clean = str_sanitize(e->msg, strlen(e->msg));
		text = json_string(clean);
	}
	return json_pack("{s:{s:i,s:i,s:o}}", "error", "kind", (int)e->kind, "sys", e->sys, "text",
	                 text);
}

bool wire_is_error(const json_t *msg, struct err *e)
{
	json_t *x = json_object_get(msg, "error");
	const char *text = json_string_value(json_object_get(x, "text"));
	json_int_t kind = json_integer_value(json_object_get(x, "kind"));

	if (!x)
		return false;
	if (kind <= ERR_NONE || kind >= ERR_KIND_COUNT)
		kind = ERR_HOST;
	(void)err_set(e, (enum err_kind)kind, "%s", text ? text : "unknown error");
	e->sys = (int)json_integer_value(json_object_get(x, "sys"));
	return true;
}
