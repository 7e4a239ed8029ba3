# Persistence mode of NVIDIA's driver, before the CloudWatch agent starts.

# Without it, nvidia-smi initializes every GPU at each call, 1 to 3 seconds each, and the agent's query has 5 seconds.
# Sources: NVIDIA's documentation "Driver Persistence", "Overview" and "Persistence Mode (Legacy)"; README of
# plugins/inputs/nvidia_smi in github.com/aws/amazon-cloudwatch-agent (timeout). Read 2026-11-29. check_gpus reports GPUs
# that do not respond.
keep_gpus_initialized() {
  timeout 120 nvidia-smi -pm 1 || log 'nvidia-smi -pm 1 fails'
}
