/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.h - how kubeplay and kubeplay-image speak with each other
 *
 * kubeplay-image is executed as uid 0 of a mapped user namespace:
 *
 *   kubeplay-image --store-fd=N --request-fd=N --events-fd=N
 *
 * The request is one JSON object, at most IMAGE_REQUEST_MAX bytes, read to the end of its file:
 *
 *   {"version": 1, "verb": "pull", "images": [{"ref": "nginx", "policy": "Always"}],
 *    "platform": "linux/arm64", "tls_no_verify": false, "ignore_owner": false,
 *    "auth": [{"path": "/home/u/.docker/config.json", "fd": 7}]}
 *   {"version": 1, "verb": "load", "path": "a.tar", "fd": 7, "tag": "app:1", "platform": ..., ...}
 *
 * policy is IfNotPresent, Always or Never; descriptors are inherited. Answers are JSON lines:
 *
 *   {"ev": "image", "i": 0, "ref": "docker.io/library/nginx:latest", "state": "resolve" | "present"
 * | "pull"}
 *   {"ev": "layer", "id": "c9fe5e03bd8f", "state": "wait" | "pull" | "done" | "present", "done": N,
 * "total": N}
 *   {"ev": "warning", "text": "..."}
 *   {"ev": "result", "i": 0, "id": "sha256:..."}        pull: the image is there
 *   {"ev": "name", "name": "docker.io/library/app:1"}   load: one line per name (or id) loaded
 *   {"ev": "error", "kind": 6, "sys": 28, "msg": "..."} the last line if it failed; enum err_kind,
 * errno
 *
 * Exit codes: 0 done, 1 failed (with an error line), 2 wrong arguments or request. SIGTERM and
 * SIGINT make it stop and remove what it was writing.
 */
#pragma once

enum {
	IMAGE_PROTOCOL = 1,
	IMAGE_REQUEST_MAX = 1 << 20,
	IMAGE_LINE_MAX = 64 << 10,
	IMAGE_IMAGES_MAX = 1000,
};
