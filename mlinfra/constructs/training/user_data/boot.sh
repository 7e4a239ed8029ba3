# Start of every node's boot. `node_user_data.py` adds the settings before and the steps after it.

set -Eeuo pipefail
exec > >(tee -a /var/log/mlinfra-boot.log) 2>&1
export AWS_DEFAULT_REGION="$REGION" AWS_PAGER='' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
export AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=5
REASON='' FAULT=image

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

metadata() {
  local token service=http://169.254.169.254/latest
  token=$(curl -sSf --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$service/api/token")
  curl -sSf --retry 5 -H "X-aws-ec2-metadata-token: $token" "$service/meta-data/$1"
}

# Reports a failed boot and terminates the node. A node with an image fault is not replaced: a replacement would boot
# the same image and fail in the same way. One with a hardware fault is replaced, up to a limit.
finish() {
  local status=$?
  [ "$status" -ne 0 ] || return 0
  trap - ERR
  set +e
  log "UNHEALTHY: ${REASON:=it ended with status $status}"
  rm -f /etc/mlinfra/environment /etc/mlinfra/environment.docker /etc/profile.d/mlinfra.sh
  remove_node "$FAULT" "$REASON"
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
  TABLE IDLE_MINUTES IDLE_GPU_PERCENT STALLED_MINUTES PAUSE_MINUTES VACANT_MINUTES MAX_REPLACEMENTS EVENT_SOURCE EVENT_TYPE \
  GPUS EXPECTED_DRIVER EXPECTED_CUDA EFA_ADAPTERS |
  sed 's/^declare -[^ ]* //' | write /etc/mlinfra/node 644
