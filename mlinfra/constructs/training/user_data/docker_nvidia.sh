# GPUs in containers.

add_nvidia_runtime() {
  command -v nvidia-ctk >/dev/null || die 'the image lacks the NVIDIA container toolkit: nvidia-ctk is missing'
  if ! docker info --format '{{json .Runtimes}}' | grep -q '"nvidia"'; then
    nvidia-ctk runtime configure --runtime=docker
    systemctl restart docker
  fi
}
