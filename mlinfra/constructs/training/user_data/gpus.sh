# Check of the node's GPUs, driver and CUDA against those that the experiment expects.

check_gpus() {
  local answer driver count
  answer=$(timeout 60 nvidia-smi --query-gpu=driver_version --format=csv,noheader) ||
    die "nvidia-smi fails, so the driver does not run these GPUs: $answer"
  driver=$(head -n 1 <<<"$answer")
  count=$(grep -c . <<<"$answer") || die 'nvidia-smi finds no GPU'
  [ "$count" -ge "$GPUS" ] || die "it has $count GPUs, and $GPUS are expected"
  [ -z "$EXPECTED_DRIVER" ] || [ "$driver" = "$EXPECTED_DRIVER" ] ||
    die "its driver is $driver, and $EXPECTED_DRIVER is expected"
  [ -z "$EXPECTED_CUDA" ] || [ -d "/usr/local/cuda-$EXPECTED_CUDA" ] ||
    die "CUDA $EXPECTED_CUDA is expected, and it has: $(find /usr/local -maxdepth 1 -name 'cuda-*' | sort | tr '\n' ' ')"
  log "$count GPUs, driver $driver, CUDA ${EXPECTED_CUDA:-not asked for}"
}
