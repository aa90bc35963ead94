#!/bin/sh
# Builds plugin.wasm from plugin.js and the contract in wit/v0.1. Needs `npm install --no-save` once before.
#
#   sh build.sh [OUT]     OUT: the file to write, by default plugin.wasm beside this script
#
# The two flags after the backend leave out WASI and async: the component then imports nothing but tidegate:plugin/log,
# starts faster, and loads in a host without component-model-async.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-"$here/plugin.wasm"}
jco="$here/node_modules/.bin/jco"
if [ ! -x "$jco" ]; then
  echo "build.sh: $jco is missing: run \`npm install --no-save\` in $here first" >&2
  exit 1
fi
exec "$jco" componentize "$here/plugin.js" \
  --wit "$here/../../wit/v0.1" --world-name plugin \
  --backend quickjs --backend-qjs-stub-wasi --backend-qjs-disable-async \
  --out "$out"
