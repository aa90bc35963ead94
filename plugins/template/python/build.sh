#!/bin/sh
# Builds {{name}}.wasm: the interpreter, what is used of its library, and the modules of this folder. `--stub-wasi` leaves out WASI,
# so that it imports nothing but tidegate:plugin and starts faster.
set -eu
cd "$(dirname "$0")"
exec .venv/bin/componentize-py --wit-path wit/v0.1 --world plugin componentize app --stub-wasi --output {{name}}.wasm
