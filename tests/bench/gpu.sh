#!/usr/bin/env bash
# The published network's shape on this machine's GPU against diffusers, at random weights: a table.
# Takes less than 8 minutes on an H200. Without a GPU: tests/bench/gpu.sh --dry, small and on the processor.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PYTHONUNBUFFERED=1 PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
exec "${PYTHON:-python}" -m tests.bench.gpu "$@"
