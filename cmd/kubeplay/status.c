/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - see status.h; the order of the rules is that of kubectl's pod printer */
#include "cmd/kubeplay/status.h"

static void set_word(char word[STATUS_WORD_SIZE], const char *prefix, const char *text)
{
	(void)snprintf(word, STATUS_WORD_SIZE, "%s%s", prefix, text);
}

static void set_end(char word[STATUS_WORD_SIZE], const char *prefix, const struct state_run *run)
{
	if (run->reason && *run->reason)
		set_word(word, prefix, run->reason);
	else if (run->signal)
		(void)snprintf(word, STATUS_WORD_SIZE, "%sSignal:%lld", prefix,
		               (long long)run->signal);
	else
		(void)snprintf(word, STATUS_WORD_SIZE, "%sExitCode:%lld", prefix,
		               (long long)run->exit_code);
}

static bool is_waiting_for(const struct state_container *c)
{
	return c->state == STATE_WAITING && c->reason && *c->reason;
}

/* Init container number i of total is not done: say why. */
static void set_init(const struct state_container *c, unsigned int i, unsigned int total,
                     char word[STATUS_WORD_SIZE])
{
	if (c->state == STATE_TERMINATED)
		set_end(word, "Init:", &c->now);
	else if (is_waiting_for(c) && strcmp(c->reason, "PodInitializing") != 0)
		set_word(word, "Init:", c->reason);
	else
		(void)snprintf(word, STATUS_WORD_SIZE, "Init:%u/%u", i, total);
}

/* True if an init container has yet to finish. */
static bool initializing(const struct state_pod *pod, char word[STATUS_WORD_SIZE])
{
	unsigned int total = 0, i = 0;

	for (uint32_t n = 0; n < pod->containers_count; n++)
		total += pod->containers[n].init;
	for (uint32_t n = 0; n < pod->containers_count; n++) {
		const struct state_container *c = &pod->containers[n];

		if (!c->init)
			continue;
		if (c->state != STATE_TERMINATED || c->now.exit_code || c->now.signal) {
			set_init(c, i, total, word);
			return true;
		}
		i++;
	}
	return false;
}

static void count(const struct state_pod *pod, struct status *s)
{
	for (uint32_t i = 0; i < pod->containers_count; i++) {
		const struct state_container *c = &pod->containers[i];

		s->restarts += c->restart_count;
		if (c->restart_count && c->last.finished_ns > s->last_restart_ns)
			s->last_restart_ns = c->last.finished_ns;
		if (c->init)
			continue;
		s->total++;
		s->ready += c->ready && c->state == STATE_RUNNING;
	}
}

void status_of_pod(const struct state_pod *pod, struct status *ret)
{
	bool running = false;

	*ret = (struct status){0};
	count(pod, ret);
	set_word(ret->word, "",
	         pod->reason && *pod->reason ? pod->reason : state_pod_phase_text(pod->phase));
	if (initializing(pod, ret->word))
		return;
	for (uint32_t i = pod->containers_count; i-- > 0;) { /* the first container's reason wins */
		const struct state_container *c = &pod->containers[i];

		if (c->init)
			continue;
		if (is_waiting_for(c))
			set_word(ret->word, "", c->reason);
		else if (c->state == STATE_TERMINATED)
			set_end(ret->word, "", &c->now);
		else if (c->state == STATE_RUNNING && c->ready)
			running = true;
	}
	if (running && streq(ret->word, "Completed"))
		set_word(ret->word, "", pod->ready ? "Running" : "NotReady");
}

void status_of_container(const struct state_container *c, char word[STATUS_WORD_SIZE])
{
	if (c->state == STATE_RUNNING)
		set_word(word, "", "Running");
	else if (c->state == STATE_TERMINATED)
		set_end(word, "", &c->now);
	else
		set_word(word, "", is_waiting_for(c) ? c->reason : "Waiting");
}
