#!/usr/bin/env bash
# Terraform attached to an AWS provider that already runs: it starts in a third of the processor time.
#
# MLINFRA_TEST_TERRAFORM is the real one. MLINFRA_TEST_PROVIDERS is a folder with a folder for each running provider
# (attached_provider.py). A provider keeps the configuration of the last run that attached, so each serves one run at
# a time. What it cannot serve gets a provider of its own, as in normal life: a stack with two configurations of the
# provider, and a run with other AWS variables than the provider was started with.
set -euo pipefail

own() { exec "$MLINFRA_TEST_TERRAFORM" "$@"; }

[ -n "${MLINFRA_TEST_PROVIDERS:-}" ] && [ "${1:-}" != version ] || own "$@"
[ "$(env | LC_ALL=C sort | grep -E '^AWS_')" = "$(<"$MLINFRA_TEST_PROVIDERS/variables")" ] || own "$@"
shopt -s nullglob
configuration=(*.tf *.tf.json)
[ "${#configuration[@]}" -eq 0 ] || ! grep -qE '^\s*alias\s*=|"alias":' "${configuration[@]}" || own "$@"

# The descriptor of the lock is inherited, so that the provider is free again when Terraform has ended.
for provider in "$MLINFRA_TEST_PROVIDERS"/[0-9]*; do
	exec {lock}>"$provider/lock"
	! flock --nonblock "$lock" || break
	exec {lock}>&-
	provider=
done
if [ -z "$provider" ]; then
	provider=$MLINFRA_TEST_PROVIDERS/0
	exec {lock}>"$provider/lock"
	flock "$lock"
fi

# A provider of one's own starts in the folder of the stack, and finds there what paths in it are relative to.
find "$provider/cwd" -mindepth 1 -delete
files=("$PWD"/*)
[ "${#files[@]}" -eq 0 ] || ln -s "${files[@]}" "$provider/cwd/"
TF_REATTACH_PROVIDERS=$(<"$provider/reattach")
export TF_REATTACH_PROVIDERS
own "$@"
