# Start of every node's boot. `node_user_data.py` adds the settings before and the steps after it.

set -Eeuo pipefail
exec > >(tee -a /var/log/mlinfra-boot.log) 2>&1
export AWS_DEFAULT_REGION="$REGION" AWS_PAGER='' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
REASON=''

log() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

# Ends the boot with a reason.
die() {
  REASON=$1
  exit 1
}

# A text as JSON.
json() {
  local text=${1//\\/\\\\}
  printf '"%s"' "$(tr -d '\000-\037' <<<"${text//\"/\\\"}")"
}

metadata() {
  local token service=http://169.254.169.254/latest
  token=$(curl -sSf --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$service/api/token")
  curl -sSf --retry 5 -H "X-aws-ec2-metadata-token: $token" "$service/meta-data/$1"
}

# Reports a failed boot and lowers the desired capacity: a replacement would boot the same image, fail in the same
# way, and cost the same.
finish() {
  local status=$? detail
  [ "$status" -ne 0 ] || return 0
  trap - ERR
  set +e
  log "UNHEALTHY: ${REASON:=it ended with status $status}"
  rm -f /etc/mlinfra/environment /etc/mlinfra/environment.docker /etc/profile.d/mlinfra.sh
  detail="{\"cluster\":$(json "$CLUSTER"),\"instance_id\":$(json "$INSTANCE_ID"),\"reason\":$(json "$REASON")}"
  aws events put-events --entries \
    "[{\"Source\":\"$EVENT_SOURCE\",\"DetailType\":\"$EVENT_TYPE\",\"Detail\":$(json "$detail")}]"
  sleep 15 # the agent sends logs every 5 seconds
  aws autoscaling set-instance-health --instance-id "$INSTANCE_ID" --health-status Unhealthy \
    --no-should-respect-grace-period
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$INSTANCE_ID" \
      --should-decrement-desired-capacity && break
    sleep 15 # it cannot leave before it is in service
  done
  exit "$status"
}

# Writes its input to a file: path, mode.
write() {
  install -D -m "$2" /dev/stdin "$1"
}

INSTANCE_ID=unknown
trap finish EXIT
trap 'REASON=${REASON:-line $LINENO: $BASH_COMMAND}' ERR
# The environment for users of the node exists only once everything else is in place.
rm -f /etc/mlinfra/environment /etc/mlinfra/environment.docker /etc/profile.d/mlinfra.sh
INSTANCE_ID=$(metadata instance-id)
ADDRESS=$(metadata local-ipv4)
log "$INSTANCE_ID of $CLUSTER boots"

# The settings, for the commands below.
declare -p CLUSTER REGION INSTANCE_ID ADDRESS MASTER_PARAMETER MASTER_PORT \
  TABLE IDLE_MINUTES IDLE_GPU_PERCENT STALLED_MINUTES |
  sed 's/^declare -[^ ]* //' | write /etc/mlinfra/node 644
