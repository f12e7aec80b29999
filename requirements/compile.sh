#!/bin/sh
# Pin everything anew, with hashes, for every platform. Needs uv.
set -eu
cd "$(dirname "$0")/.."
compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate"
$compile -o requirements/run.txt pyproject.toml requirements/build.in
$compile -o requirements/transcribe.txt -c requirements/run.txt --extra transcribe pyproject.toml
$compile -o requirements/test.txt requirements/test.in
