/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - kubeplay's network, as pkg/pod uses it (see pkg/pod/net_ops.h) */
#pragma once

#include "pkg/pod/net_ops.h"

extern const struct net_ops kubeplay_net_ops;
