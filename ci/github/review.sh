#!/usr/bin/env bash
# Review the plans, and write the report in place of the previous comment.
set -euo pipefail

status=0
if [ -n "$(ls -d plans/*/ 2>/dev/null)" ]; then
  .venv/bin/mlinfra review plans/* --format markdown --out review.md || status=$?
else
  echo "No stack differs." > review.md
fi

mark='<!-- mlinfra review -->'
if [ -n "${PULL_REQUEST:-}" ] && [ -f review.md ]; then
  body="$(mktemp)"
  # GitHub takes comments of up to 65,536 characters; the whole report is an artifact.
  { echo "$mark"; head -c 60000 review.md; } > "$body"
  comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
  known="$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id")"
  known="${known%%$'\n'*}"
  if [ -n "$known" ]; then
    gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$body" > /dev/null
  else
    gh api --method POST "$comments" --field "body=@$body" > /dev/null
  fi
fi
exit "$status"
