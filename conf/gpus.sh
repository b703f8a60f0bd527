#!/bin/sh
# Tells Spark which GPUs a machine or container has (spark.*.resource.gpu.discoveryScript).
indexes=$(nvidia-smi --query-gpu=index --format=csv,noheader) || exit 1
[ -n "$indexes" ] || exit 1
printf '{"name": "gpu", "addresses": ["%s"]}\n' "$(printf '%s' "$indexes" | tr -d ' \r' | paste -sd, - | sed 's/,/", "/g')"
