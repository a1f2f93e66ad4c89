/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_env.c - the environment of a container, and its command with $(NAME) replaced
 *
 * Theory of operation: variables stand in a list in the order in which they came, each name once;
 * a later one takes the place of an earlier one. First envFrom, then env, as a kubelet does it, so
 * that env wins and $(NAME) sees what stands before it. ConfigMap values become text, Secret values
 * references, addresses stay open until the pod starts.
 */
#include "kube/expand.h"
#include "kube/lowering.h"
#include "kube/scalar.h"

struct env {
	struct lower_pod *p;
	const struct k8s_container *from;
	struct plan_container *c;
	struct names index; /* name -> number in c->env */
};

static const struct plan_value *lookup(const char *name, void *arg)
{
	const struct env *env = arg;
	uint32_t i;

	return names_find(&env->index, name, &i) ? &env->c->env[i].value : NULL;
}

/* Set a variable; the value is taken. */
static void set(struct env *env, const char *name, struct plan_value *v)
{
	struct plan_env *e;
	uint32_t i;

	if (names_find(&env->index, name, &i)) {
		plan_value_done(&env->c->env[i].value);
		env->c->env[i].value = *v;
	} else {
		e = LOWER_ADD(env->c->env, env->c->env_count);
		e->name = xstrdup(name);
		e->value = *v;
		(void)names_add(&env->index, e->name, env->c->env_count - 1, NULL);
	}
	*v = (struct plan_value){0};
}

static void entry_value(struct env *env, const struct config *c, struct config_entry *e,
                        struct plan_value *out)
{
	if (c->o->type == OBJECT_SECRET) {
		autofree char *name = config_use(&env->p->l->configs, c, e);

		plan_value_add(out, NULL, name, NULL);
	} else {
		plan_value_set(out, e->text);
	}
}

static bool fits(struct env *env, const struct at *at, size_t len)
{
	if (!lower_spend(env->p, at, len))
		return false;
	if (len < LOWER_MAX_STRING)
		return true;
	run_report(env->p->l->r, env->p->v->o, KUBE_ERROR, at,
	           "longer than %d KiB: the kernel starts no program with it",
	           LOWER_MAX_STRING >> 10);
	return false;
}

static void from_entry(struct env *env, const struct at *at, const struct config *c,
                       struct config_entry *e, const char *prefix)
{
	autofree char *name = xasprintf("%s%s", prefix, e->key);
	struct plan_value v = {0};

	if (e->binary || !fits(env, at, strlen(name) + strlen(e->text)))
		return;
	if (!name_is_classic_env(name)) {
		autofree char *shown = diag_quote(name);

		run_report(env->p->l->r, env->p->v->o, KUBE_WARNING, at,
		           "key \"%s\" is no name of a variable, skipped", shown);
		return;
	}
	entry_value(env, c, e, &v);
	set(env, name, &v);
}

static void add_env_from(struct env *env, const struct at *at, const struct k8s_env_from *f)
{
	const struct k8s_env_from_ref *ref = f->configMapRef ? f->configMapRef : f->secretRef;
	enum object_type type = f->configMapRef ? OBJECT_CONFIG_MAP : OBJECT_SECRET;
	const struct at *here = AT(at, f->configMapRef ? "configMapRef" : "secretRef");
	struct config *c;

	if (!ref || !ref->name)
		return;
	c = lower_config(env->p, AT(here, "name"), type, ref->name, ref->optional);
	for (size_t i = 0; c && i < c->count && !env->p->l->stop; i++)
		from_entry(env, here, c, &c->entry[i], text_of(f->prefix));
}

static bool from_key(struct env *env, const struct at *at, enum object_type type,
                     const struct k8s_key_ref *ref, struct plan_value *out)
{
	struct config *c;
	struct config_entry *e;

	if (!ref->name || !ref->key)
		return false;
	c = lower_config(env->p, AT(at, "name"), type, ref->name, ref->optional);
	if (!c)
		return false;
	e = config_find(c, ref->key);
	if (e && !e->binary) {
		if (!fits(env, at, strlen(e->text)))
			return false;
		entry_value(env, c, e, out);
		return true;
	}
	if (ref->optional && *ref->optional)
		return false;
	autofree char *key = diag_quote(ref->key), *name = diag_quote(ref->name);
	autofree char *keys = config_keys(c);

	if (e)
		run_report(env->p->l->r, env->p->v->o, KUBE_ERROR, AT(at, "key"),
		           "\"%s\" stands in binaryData, which no variable can hold", key);
	else
		run_report(env->p->l->r, env->p->v->o, KUBE_ERROR, AT(at, "key"),
		           "%s \"%s\" has no key \"%s\"%s", kind_name(type), name, key, keys);
	return false;
}

static size_t value_len(const struct plan_value *v)
{
	size_t len = 0;

	for (uint32_t i = 0; i < v->parts_count; i++)
		len += sizeof(v->parts[i]) + (v->parts[i].text ? strlen(v->parts[i].text) : 0);
	return len;
}

static bool from_source(struct env *env, const struct at *at, const struct k8s_env_source *s,
                        struct plan_value *out)
{
	if (s->configMapKeyRef)
		return from_key(env, AT(at, "configMapKeyRef"), OBJECT_CONFIG_MAP,
		                s->configMapKeyRef, out);
	if (s->secretKeyRef)
		return from_key(env, AT(at, "secretKeyRef"), OBJECT_SECRET, s->secretKeyRef, out);
	if (s->fieldRef)
		return lower_field(env->p, AT(at, "fieldRef"), s->fieldRef, false, out) &&
		       fits(env, AT(at, "fieldRef"), value_len(out));
	if (s->resourceFieldRef)
		return lower_resource(env->p, AT(at, "resourceFieldRef"), s->resourceFieldRef,
		                      env->from, out);
	return false; /* fileKeyRef: not supported yet */
}

/* Replace references; false (reported) if too much comes out. */
static bool expanded(struct env *env, const struct at *at, const char *text, struct plan_value *out)
{
	bool ok = expand(text, lookup, env, LOWER_MAX_STRING, out);

	if (!ok)
		run_report(env->p->l->r, env->p->v->o, KUBE_ERROR, at,
		           "longer than %d KiB: the kernel starts no program with it",
		           LOWER_MAX_STRING >> 10);
	return ok && lower_spend(env->p, at, value_len(out));
}

static void add_env(struct env *env, const struct at *at, const struct k8s_env *e)
{
	struct plan_value v = {0};
	bool ok;

	if (!e->name)
		return;
	if (e->valueFrom)
		ok = from_source(env, AT(at, "valueFrom"), e->valueFrom, &v);
	else
		ok = expanded(env, AT(at, "value"), text_of(e->value), &v);
	if (ok)
		set(env, e->name, &v);
	plan_value_done(&v);
}

static void add_words(struct env *env, const struct at *at, char *const *words, uint32_t count,
                      struct plan_value **list, uint32_t *list_count)
{
	for (uint32_t i = 0; i < count && !env->p->l->stop; i++) {
		struct plan_value *v = LOWER_ADD(*list, *list_count);

		(void)expanded(env, AT_ITEM(at, i), words[i], v);
	}
}

void lower_env(struct lower_pod *p, const struct at *at, const struct k8s_container *c,
               struct plan_container *out)
{
	struct env env = {.p = p, .from = c, .c = out};

	for (uint32_t i = 0; i < c->envFrom_count && !p->l->stop; i++)
		add_env_from(&env, AT_ITEM(AT(at, "envFrom"), i), &c->envFrom[i]);
	for (uint32_t i = 0; i < c->env_count && !p->l->stop; i++)
		add_env(&env, AT_ITEM(AT(at, "env"), i), &c->env[i]);
	add_words(&env, AT(at, "command"), c->command, c->command_count, &out->command,
	          &out->command_count);
	out->command_set = c->command_count > 0;
	add_words(&env, AT(at, "args"), c->args, c->args_count, &out->args, &out->args_count);
	names_done(&env.index);
}
