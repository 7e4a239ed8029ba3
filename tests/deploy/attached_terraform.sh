#!/usr/bin/env bash
# Terraform, attached to an AWS provider that already runs: this saves more than half of the CPU time of a command.
#
# MLINFRA_TEST_TERRAFORM is the real executable. MLINFRA_TEST_PROVIDERS is a folder with one subfolder per running
# provider (attached_provider.py), and a subfolder `types` with files that name the resource types in use: Terraform
# gets the schemas of these types only (schema_proxy.py). A provider keeps the configuration of the last run that attached, so it serves one
# run at a time. Terraform starts its own provider for a configuration with provider aliases, and if the AWS variables
# differ from those of the running provider. A folder without the file `variables` has no provider yet: the first
# Terraform requests one with its own AWS variables.
set -euo pipefail

own() { exec "$MLINFRA_TEST_TERRAFORM" "$@"; }

[ -n "${MLINFRA_TEST_PROVIDERS:-}" ] && [ "${1:-}" != version ] || own "$@"
# Each program that this script starts costs a millisecond, which counts for a thousand runs of Terraform.
variables=
for name in "${!AWS_@}"; do variables+="${variables:+$'\n'}$name=${!name}"; done
if [ ! -e "$MLINFRA_TEST_PROVIDERS/variables" ]; then
	request=$MLINFRA_TEST_PROVIDERS/request.$$
	printf '%s' "$variables" >"$request"
	ln "$request" "$MLINFRA_TEST_PROVIDERS/variables" 2>/dev/null || true # another Terraform was first
	rm "$request"
fi
[ "$variables" = "$(<"$MLINFRA_TEST_PROVIDERS/variables")" ] || own "$@"
for _ in {1..600}; do
	[ ! -e "$MLINFRA_TEST_PROVIDERS/0/reattach" ] || break
	sleep 0.1
done
shopt -s nullglob
configuration=(*.tf *.tf.json)
[ "${#configuration[@]}" -eq 0 ] || ! grep -qE '^\s*alias\s*=|"alias":' "${configuration[@]}" || own "$@"

# Terraform inherits the file descriptor of the lock: the provider is free again once Terraform has ended.
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

# The provider resolves relative paths from its working directory, which is otherwise the folder of the stack.
shopt -s dotglob
links=("$provider"/cwd/*)
[ "${#links[@]}" -eq 0 ] || rm -r "${links[@]}"
shopt -u dotglob
files=("$PWD"/*)
[ "${#files[@]}" -eq 0 ] || ln -s "${files[@]}" "$provider/cwd/"

# Types that occurred in any configuration or local state so far: a state can contain types that were removed since.
# A later script may have the same process ID, so the file is appended to.
grep -rhoE --include=*.tf --include=*.tf.json --include=*.tfstate --exclude-dir=.terraform '\baws_[a-z0-9_]+' . |
	sort -u >>"$MLINFRA_TEST_PROVIDERS/types/$$"
if [ "${1:-}" = providers ]; then
	: >"$provider/all-types"
elif [ -e "$provider/all-types" ]; then
	rm "$provider/all-types"
fi

TF_REATTACH_PROVIDERS=$(<"$provider/reattach")
export TF_REATTACH_PROVIDERS
own "$@"
