# A container runtime, which jobs reach their GPUs through.

start_docker() {
  command -v docker >/dev/null || die 'the image has no container runtime: docker is missing'
  systemctl enable --now docker
}
