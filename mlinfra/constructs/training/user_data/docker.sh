# Container runtime for jobs.

# GPU images of AWS contain Docker. The documentation of its Neuron images does not list it ("Neuron DLAMI User Guide",
# read 2026-11-29), and jobs can run without containers there.
start_docker() {
  if command -v docker >/dev/null; then
    systemctl enable --now docker
  elif [ -n "${GPUS:-}" ]; then
    die 'the image has no container runtime: docker is missing'
  else
    log 'the image has no container runtime: jobs run without containers'
  fi
}
