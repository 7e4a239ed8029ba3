#!/usr/bin/env bash
# Write a report as a comment of the pull request, in place of the previous comment: `ci/github/comment.sh review.md`.
# Pipelines run this file from the default branch, which a pull request cannot change.
set -euo pipefail

report="$1"
mark='<!-- mlinfra review -->'
body="$(mktemp)"
# GitHub takes comments of up to 65,536 characters; the whole report is an artifact.
{ echo "$mark"; head -c 60000 "$report"; } > "$body"
comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
known="$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id")"
known="${known%%$'\n'*}"
if [ -n "$known" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$body" > /dev/null
else
  gh api --method POST "$comments" --field "body=@$body" > /dev/null
fi
