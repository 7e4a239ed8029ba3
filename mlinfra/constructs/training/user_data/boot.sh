# Start of every node's boot. `node_user_data.py` adds the settings before and the steps after it.

set -Eeuo pipefail
exec > >(tee -a /var/log/mlinfra-boot.log) 2>&1
export AWS_DEFAULT_REGION="$REGION" AWS_PAGER='' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
REASON='' FAULT=image REPLACED=false

log() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

# Ends the boot with a reason: a fault of the image or of the settings.
die() {
  REASON=$1
  exit 1
}

# Ends the boot with a reason: a fault of the hardware.
broken() {
  FAULT=hardware
  die "$1"
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

# Counts one more replacement of this day in the records. Fails at the limit, or if the records cannot be written.
count_replacement() {
  aws dynamodb update-item --table-name "$TABLE" \
    --key "{\"cluster\":{\"S\":\"$CLUSTER\"},\"record\":{\"S\":\"replacements#$(date -u +%F)\"}}" \
    --update-expression 'SET #e = :e ADD #n :1' --condition-expression 'attribute_not_exists(#n) OR #n < :max' \
    --expression-attribute-names '{"#n":"replacements","#e":"expire_at"}' --expression-attribute-values \
    "{\":1\":{\"N\":\"1\"},\":max\":{\"N\":\"$MAX_REPLACEMENTS\"},\":e\":{\"N\":\"$(($(date +%s) + 172800))\"}}"
}

# Reports a failed boot and terminates the node. A node with an image fault is not replaced: a replacement would boot
# the same image and fail in the same way. One with a hardware fault is replaced, up to a limit.
#
# set-instance-health does not fit: the group replaces every unhealthy instance. Sources: Auto Scaling user guide,
# "Health checks for instances in an Auto Scaling group"; Auto Scaling API reference,
# TerminateInstanceInAutoScalingGroup, which replaces the instance unless the desired capacity is decremented. Read
# 2026-11-29.
finish() {
  local status=$? detail decrement=--should-decrement-desired-capacity
  [ "$status" -ne 0 ] || return 0
  trap - ERR
  set +e
  log "UNHEALTHY: ${REASON:=it ended with status $status}"
  rm -f /etc/mlinfra/environment /etc/mlinfra/environment.docker /etc/profile.d/mlinfra.sh
  if [ "$FAULT" = hardware ] && count_replacement; then
    REPLACED=true decrement=--no-should-decrement-desired-capacity
  fi
  detail="{\"cluster\":$(json "$CLUSTER"),\"instance_id\":$(json "$INSTANCE_ID"),\"reason\":$(json "$REASON"),"
  detail+="\"fault\":\"$FAULT\",\"replaced\":$REPLACED}"
  aws events put-events --entries \
    "[{\"Source\":\"$EVENT_SOURCE\",\"DetailType\":\"$EVENT_TYPE\",\"Detail\":$(json "$detail")}]"
  sleep 15 # the agent sends logs every 5 seconds
  for _ in {1..40}; do
    aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$INSTANCE_ID" "$decrement" && break
    sleep 15 # an instance that is Pending may be refused
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
declare -p CLUSTER NODES REGION INSTANCE_ID ADDRESS MASTER_PARAMETER MASTER_PORT \
  TABLE IDLE_MINUTES IDLE_GPU_PERCENT STALLED_MINUTES PAUSE_MINUTES VACANT_MINUTES |
  sed 's/^declare -[^ ]* //' | write /etc/mlinfra/node 644
