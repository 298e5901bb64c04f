#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
exec "$SRC/memvmap/fuzz/build.sh"
