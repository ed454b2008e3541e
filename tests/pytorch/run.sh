#!/usr/bin/env bash
# run.sh PROGRAM: the round trips of layers.py, where a Python with torch and safetensors is found (AXIOGRAD_PYTHON, else python3).
set -uo pipefail
python=${AXIOGRAD_PYTHON:-python3}
if ! "$python" -c 'import torch, safetensors, numpy' 2>/dev/null; then
  echo "skipped: $python has no torch and safetensors; AXIOGRAD_PYTHON names another one"
  exit 77
fi
exec "$python" "$(dirname "$0")/layers.py" check "$1"
