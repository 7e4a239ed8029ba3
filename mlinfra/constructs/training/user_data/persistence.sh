# Persistence mode of NVIDIA's driver, before the CloudWatch agent starts.

# Without it, nvidia-smi initializes every GPU at each call, which can take longer than the 5 seconds that the agent's
# query has. Sources: NVIDIA's documentation "Driver Persistence"; the timeout of the plugin nvidia_smi of Telegraf,
# which the agent contains. To be verified: not read again when this was written. check_gpus reports GPUs that do not respond.
keep_gpus_initialized() {
  timeout 120 nvidia-smi -pm 1 || log 'nvidia-smi -pm 1 fails'
}
