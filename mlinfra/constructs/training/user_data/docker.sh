# Container runtime with access to GPUs for jobs.

start_docker() {
  command -v docker >/dev/null || die 'the image has no container runtime: docker is missing'
  systemctl enable --now docker
}
