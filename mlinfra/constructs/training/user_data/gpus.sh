# Check of the node's GPUs, driver and CUDA against those that the experiment expects.

# Status of nvidia-smi: 9, the driver is not loaded; 12, NVML is missing; 13, NVML lacks a function; 18, NVML and the
# driver are of different versions. Sources: nvidia-smi(1), "Return Value", and NVML, nvmlReturn_t. 127 is the shell's
# status for a missing command.
# Xid errors: 48 and 64, memory; 74, NVLink; 79, fallen off the bus; 95, uncontained memory error; 119 and 120, GSP. AWS
# replaces or reboots nodes for all of them. Sources: ECS developer guide, GPU auto repair of Managed Instances,
# "Monitored XID error codes"; EKS user guide, "Detect node health issues", XID codes. All read 2026-11-29.
check_gpus() {
  local answer driver count errors status=0
  answer=$(timeout 120 nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1) || status=$?
  case $status in
    0) ;;
    9 | 12 | 13 | 18 | 127) die "nvidia-smi fails with status $status, so the driver does not run these GPUs: $answer" ;;
    *) broken "nvidia-smi fails with status $status: $answer" ;;
  esac
  # Warnings, such as that of a corrupted infoROM, are further lines.
  answer=$(grep -E '^[0-9]+(\.[0-9]+)+$' <<<"$answer") || broken "nvidia-smi finds no GPU: $answer"
  driver=$(head -n 1 <<<"$answer")
  count=$(grep -c . <<<"$answer")
  [ "$count" -ge "$GPUS" ] || broken "it has $count GPUs, and $GPUS are expected"
  errors=$(dmesg 2>/dev/null | grep -E 'NVRM: Xid \([^)]*\): (48|64|74|79|95|119|120),' | tail -n 1) || errors=''
  [ -z "$errors" ] || broken "a GPU reports an error: $errors"
  # A memory row that could not be replaced: NVIDIA, "GPU Memory Error Management", "Error Recovery and Response Flags".
  # A pending replacement and errors that were contained do not keep new programs from running. GPUs before Ampere have
  # no such flag. Read 2026-11-29.
  errors=$(timeout 60 nvidia-smi --query-remapped-rows=gpu_bus_id,remapped_rows.failure --format=csv,noheader 2>/dev/null |
    grep -E ', *(1|Yes)$') || errors=''
  [ -z "$errors" ] || broken "the memory of a GPU cannot be repaired (remapped_rows.failure): $errors"
  [ -z "$EXPECTED_DRIVER" ] || [ "$driver" = "$EXPECTED_DRIVER" ] ||
    die "its driver is $driver, and $EXPECTED_DRIVER is expected"
  [ -z "$EXPECTED_CUDA" ] || [ -d "${MLINFRA_NODE_ROOT:-}/usr/local/cuda-$EXPECTED_CUDA" ] ||
    die "CUDA $EXPECTED_CUDA is expected, and it has: $(find "${MLINFRA_NODE_ROOT:-}/usr/local" -maxdepth 1 -name 'cuda-*' | sort | tr '\n' ' ')"
  log "$count GPUs, driver $driver, CUDA ${EXPECTED_CUDA:-not asked for}"
}
