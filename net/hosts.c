/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.c - see hosts.h */
#include "net/hosts.h"

static const char localhost_block[] = "127.0.0.1\tlocalhost\n"
				      "::1\tlocalhost ip6-localhost ip6-loopback\n"
				      "fe00::0\tip6-localnet\n"
				      "fe00::0\tip6-mcastprefix\n"
				      "fe00::1\tip6-allnodes\n"
				      "fe00::2\tip6-allrouters\n";

static bool one_word(const char *s)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '#' || *s == 0x7f)
			return false;
	return true;
}

static void pod_line(struct strbuf *b, const struct plan_pod *pod, const char *ip)
{
	const char *host = pod->hostname && *pod->hostname ? pod->hostname : pod->name;

	if (pod->subdomain && *pod->subdomain)
		strbuf_addf(b, "%s\t%s.%s.%s.svc.cluster.local\t%s\n", ip, host, pod->subdomain,
		            pod->pod_namespace ? pod->pod_namespace : "default", host);
	else
		strbuf_addf(b, "%s\t%s\n", ip, host);
}

static int aliases(struct strbuf *b, const struct plan_pod *pod, struct err *e)
{
	if (pod->host_aliases_count)
		strbuf_adds(b, "\n# Entries added by HostAliases.\n");
	for (uint32_t i = 0; i < pod->host_aliases_count; i++) {
		const struct plan_host_alias *a = &pod->host_aliases[i];

		if (!one_word(a->ip))
			return err_set(e, ERR_INPUT, "pod %s: hostAliases[%u].ip is not an address",
			               pod->name, i);
		strbuf_adds(b, a->ip);
		for (uint32_t j = 0; j < a->hostnames_count; j++) {
			if (!one_word(a->hostnames[j]))
				return err_set(
					e, ERR_INPUT,
					"pod %s: hostAliases[%u].hostnames[%u] is not a name",
					pod->name, i, j);
			strbuf_addf(b, "\t%s", a->hostnames[j]);
		}
		strbuf_addc(b, '\n');
	}
	return 0;
}

int hosts_render(const struct hosts *h, char **ret, struct err *e)
{
	autostrbuf struct strbuf b = {0};

	if (h->host_file) {
		strbuf_adds(&b, "# Kubernetes-managed hosts file (host network).\n");
		strbuf_adds(&b, h->host_file);
		if (b.s[b.len - 1] != '\n')
			strbuf_addc(&b, '\n');
	} else {
		strbuf_adds(&b, "# Kubernetes-managed hosts file.\n");
		strbuf_adds(&b, localhost_block);
		pod_line(&b, h->pod, *h->ip ? h->ip : "127.0.0.1");
	}
	if (*h->host_ip)
		strbuf_addf(&b, "%s\thost.containers.internal host.docker.internal\n", h->host_ip);
	if (aliases(&b, h->pod, e) < 0)
		return -1;
	*ret = strbuf_take(&b);
	return 0;
}
