/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h - which manifests are meant when none is named, and those that are on the network */
#pragma once

#include "pkg/util/err.h"
#include "pkg/util/str.h"

/* kube.yaml, pod.yaml, or the only *.yaml or *.yml of the working directory. Owned; ERR_USAGE says
 * what was found. */
int sources_default(char **ret, struct err *e);

/*
 * Fetch URL or URL#sha256=HEX with kubeplay-image (of the directory libexec), which knows http;
 * *text is the caller's. ERR_USAGE for a fragment that is no pin, ERR_INPUT if the text is too
 * large or not the one that is pinned, ERR_IMAGE if it cannot be had. Errors name the URL.
 */
int sources_fetch(const char *libexec, const char *url, struct strbuf *text, struct err *e);
/* The URL without a password and a pin: for messages and for the plan. Owned. */
char *sources_url_shown(const char *url) MUST_USE;
