/* SPDX-License-Identifier: Apache-2.0 */
/* validate_resources.c - limits and requests of containers and pods: which, how much, in what order
 */
#include "kube/quantity.h"
#include "kube/rule.h"

enum { LEAST_MEMORY = 64 << 10 };

static bool is_huge(const char *name)
{
	return starts_with(name, "hugepages-");
}

/* A resource that a device plugin of a cluster offers: vendor.com/name. */
static bool is_extended(const char *name)
{
	return strchr(name, '/') != NULL;
}

static void walk_amounts(const struct check *x, const struct at *at,
                         const struct k8s_quantity_pair *list, uint32_t count, bool limit)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct amount a = {list[i].key, list[i].value, limit};

		check_thing(x, ON_AMOUNT, AT(at, list[i].key), &a);
	}
}

void walk_resources(const struct check *x, const struct at *at, const struct k8s_resources *res)
{
	if (!res)
		return;
	check_thing(x, ON_RESOURCES, at, res);
	walk_amounts(x, AT(at, "limits"), res->limits, res->limits_count, true);
	walk_amounts(x, AT(at, "requests"), res->requests, res->requests_count, false);
}

/* For every request that has a limit. */
static void each_pair(const struct check *x,
                      void (*visit)(const struct check *x, const struct at *at, const char *name,
                                    const char *request, const char *limit))
{
	const struct k8s_resources *res = x->resources;
	autonames struct names limits = {0};
	uint32_t l;

	if (!res->limits_count || !res->requests_count)
		return;
	for (uint32_t i = 0; i < res->limits_count; i++)
		(void)names_add(&limits, res->limits[i].key, i, NULL);
	for (uint32_t i = 0; i < res->requests_count; i++)
		if (names_find(&limits, res->requests[i].key, &l))
			visit(x, AT(AT(x->at, "requests"), res->requests[i].key),
			      res->requests[i].key, res->requests[i].value, res->limits[l].value);
}

static void visit_order(const struct check *x, const struct at *at, const char *name,
                        const char *request, const char *limit)
{
	int order;

	UNUSED(name);
	if (quantity_compare(request, limit, &order) != SCALAR_OK || order <= 0)
		return;
	autofree char *shown = diag_quote(limit);

	broken(x, at, "is more than the limit (%s); raise the limit or ask for less", shown);
}

void rule_resources_order(const struct check *x)
{
	each_pair(x, visit_order);
}

static void visit_equal(const struct check *x, const struct at *at, const char *name,
                        const char *request, const char *limit)
{
	int order;

	if ((!is_huge(name) && !is_extended(name)) ||
	    quantity_compare(request, limit, &order) != SCALAR_OK || order >= 0)
		return;
	autofree char *shown = diag_quote(limit);

	broken(x, at, "must be the same as the limit (%s): this resource is never shared", shown);
}

void rule_resources_equal(const struct check *x)
{
	each_pair(x, visit_equal);
}

static bool has_resource(const struct k8s_quantity_pair *list, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (streq(list[i].key, name))
			return true;
	return false;
}

void rule_resources_request_alone(const struct check *x)
{
	const struct k8s_resources *res = x->resources;
	autonames struct names limits = {0};
	uint32_t l;

	for (uint32_t i = 0; i < res->limits_count; i++)
		(void)names_add(&limits, res->limits[i].key, i, NULL);
	for (uint32_t i = 0; i < res->requests_count; i++) {
		const char *name = res->requests[i].key;

		if ((is_huge(name) || is_extended(name)) && !names_find(&limits, name, &l))
			broken(x, AT(AT(x->at, "requests"), name),
			       "needs a limit of the same size: this resource is never shared");
	}
}

void rule_resources_huge_alone(const struct check *x)
{
	const struct k8s_resources *res = x->resources;
	bool huge = false;

	for (uint32_t i = 0; i < res->limits_count; i++)
		huge |= is_huge(res->limits[i].key);
	if (huge && !has_resource(res->limits, res->limits_count, "cpu") &&
	    !has_resource(res->limits, res->limits_count, "memory") &&
	    !has_resource(res->requests, res->requests_count, "cpu") &&
	    !has_resource(res->requests, res->requests_count, "memory"))
		BROKEN(x, "limits",
		       "huge pages need a limit or request of cpu or memory beside "
		       "them");
}

void rule_resources_claim(const struct check *x)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	autonames struct names known = {0};
	uint32_t i_known;

	if (!x->resources->claims_count)
		return;
	for (uint32_t i = 0; i < s->resourceClaims_count; i++)
		if (s->resourceClaims[i].name)
			(void)names_add(&known, s->resourceClaims[i].name, i, NULL);
	for (uint32_t i = 0; i < x->resources->claims_count; i++) {
		const char *name = x->resources->claims[i].name;

		if (!name || names_find(&known, name, &i_known))
			continue;
		autofree char *shown = diag_quote(name);

		broken(x, AT(AT_ITEM(AT(x->at, "claims"), i), "name"),
		       "the pod has no resource claim \"%s\"; add it to spec.resourceClaims",
		       shown);
	}
}

/* The thousandths of a resource that a list gives, -1 if it is not there or cannot be read. */
static int64_t find_amount(const struct k8s_quantity_pair *list, uint32_t count, const char *name)
{
	int64_t n;

	for (uint32_t i = 0; i < count; i++)
		if (streq(list[i].key, name))
			return quantity_parse(list[i].value, 1000, &n) == SCALAR_OK && n >= 0 ? n
			                                                                      : -1;
	return -1;
}

static void check_sum(const struct check *x, const char *name)
{
	const struct k8s_pod_spec *s = x->pod->spec;
	int64_t limit = find_amount(s->resources->limits, s->resources->limits_count, name);
	int64_t request = find_amount(s->resources->requests, s->resources->requests_count, name);
	int64_t sum = 0;

	for (uint32_t i = 0; i < s->containers_count; i++) {
		const struct k8s_resources *res = s->containers[i].resources;
		int64_t n;

		if (!res)
			continue;
		if (limit >= 0 && find_amount(res->limits, res->limits_count, name) > limit)
			broken(x,
			       AT(AT(AT(AT_ITEM(AT(x->at, "containers"), i), "resources"),
			             "limits"),
			          name),
			       "is more than the limit of the whole pod; raise that one");
		n = find_amount(res->requests, res->requests_count, name);
		if (n > 0 && __builtin_add_overflow(sum, n, &sum))
			sum = INT64_MAX;
	}
	if (request >= 0 && sum > request)
		broken(x, AT(AT(AT(x->at, "resources"), "requests"), name),
		       "is less than the containers request together; ask for more");
}

void rule_pod_resources(const struct check *x)
{
	if (!x->pod->spec->resources)
		return;
	check_sum(x, "cpu");
	check_sum(x, "memory");
}

void rule_amount_range(const struct check *x)
{
	int64_t n = 0;

	if (quantity_parse(x->amount->text, streq(x->amount->name, "cpu") ? 1000 : 1, &n) ==
	    SCALAR_RANGE)
		broken(x, x->at, "too large");
	else if (x->amount->text[0] == '-' && n < 0)
		broken(x, x->at, "cannot be negative");
}

void rule_amount_resource(const struct check *x)
{
	static const char *const known[] = {"cpu", "memory", "ephemeral-storage"};
	const char *name = x->amount->name;
	autofree char *hint = NULL;

	if (is_huge(name) || is_extended(name) || is_one_of(name, known, ARRAY_LEN(known), &hint))
		return;
	broken(x, x->at, "unknown resource%s",
	       *hint ? hint : "; write cpu, memory, ephemeral-storage or hugepages-SIZE");
}

void rule_amount_huge(const struct check *x)
{
	int64_t page = 0, all = 0;

	if (!is_huge(x->amount->name))
		return;
	if (quantity_parse(x->amount->name + strlen("hugepages-"), 1, &page) != SCALAR_OK ||
	    page <= 0)
		broken(x, x->at, "unknown resource; write the size of a page: hugepages-2Mi");
	else if (quantity_parse(x->amount->text, 1, &all) == SCALAR_OK && all % page)
		broken(x, x->at, "must be a multiple of the page size (%s)",
		       x->amount->name + strlen("hugepages-"));
}

void rule_amount_later(const struct check *x)
{
	if (is_huge(x->amount->name) || is_extended(x->amount->name))
		broken(x, x->at, "not supported yet");
}

void rule_amount_whole(const struct check *x)
{
	int64_t thousandths;

	if (is_extended(x->amount->name) &&
	    quantity_parse(x->amount->text, 1000, &thousandths) == SCALAR_OK && thousandths % 1000)
		broken(x, x->at, "must be a whole number: this resource is never shared");
}

void rule_amount_storage(const struct check *x)
{
	if (x->amount->limit && streq(x->amount->name, "ephemeral-storage"))
		broken(x, x->at, "this limit is not enforced");
}

/* Whoever leaves the unit out means another one: a process does not fit into so few bytes. */
void rule_amount_memory_bytes(const struct check *x)
{
	int64_t bytes;

	if (!streq(x->amount->name, "memory") ||
	    x->amount->text[strspn(x->amount->text, "0123456789")] ||
	    quantity_parse(x->amount->text, 1, &bytes) != SCALAR_OK || !bytes ||
	    bytes >= LEAST_MEMORY)
		return;
	broken(x, x->at, "without a unit these are bytes; did you mean %sMi?", x->amount->text);
}

void rule_amount_memory_milli(const struct check *x)
{
	if (!streq(x->amount->name, "cpu") && !is_extended(x->amount->name) &&
	    ends_with(x->amount->text, "m"))
		broken(x, x->at, "\"m\" means thousandths of a byte; did you mean %.*sMi?",
		       (int)MIN(strlen(x->amount->text) - 1, (size_t)20), x->amount->text);
}
