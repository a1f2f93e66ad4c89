/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the files of pkg/store share */
#pragma once

#include "pkg/store/store.h"

/* Take store/lock, waiting for it. Returns a descriptor; closing it unlocks. */
int store_lock(int store_fd, struct err *e);
