/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_layer.c - a blob, inflated and unpacked into an empty directory: its neighbour stays empty
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "pkg/image/inflate.h"
#include "pkg/image/layer.h"
#include "pkg/util/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static int next(void *arg, const uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct input *in = arg;

	(void)e;
	*ret = in->data;
	*ret_len = MIN(in->left, (size_t)1000);
	in->data += *ret_len;
	in->left -= *ret_len;
	return *ret_len > 0;
}

static void *inflate_thread(void *arg)
{
	struct err e = {0};

	(void)inflate_run(arg, &e);
	return NULL;
}

static void unpack(int top, int layer, const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct inflate f = {.next = next, .arg = &in};
	const struct layer_options o = {.ignore_owner = true};
	struct layer_stats stats;
	struct err e = {0};
	struct stream s;
	pthread_t t;

	stream_init(&s, 1 << 20);
	f.out = &s;
	if (pthread_create(&t, NULL, inflate_thread, &f) != 0)
		abort();
	(void)layer_unpack(&s, layer, top, &o, &stats, &e);
	stream_abort(&s);
	(void)pthread_join(t, NULL);
	stream_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/kubeplay-fuzz-XXXXXX";
	struct err e = {0};
	int top, layer;

	if (!mkdtemp(dir))
		return 0;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "layer", 0755) < 0 || mkdirat(top, "neighbour", 0755) < 0)
		abort();
	layer = openat(top, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unpack(top, layer, data, size);
	(void)close(layer);
	if (unlinkat(top, "neighbour", AT_REMOVEDIR) < 0)
		abort();
	(void)close(top);
	(void)fs_remove_tree(AT_FDCWD, dir, &e);
	return 0;
}
