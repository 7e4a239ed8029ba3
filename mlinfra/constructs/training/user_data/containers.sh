# Locked and shared memory for containers, which Elastic Fabric Adapters and NCCL need: a part of the guard's program.

set_container_defaults() {
  PYTHONPATH=/usr/local/bin/mlinfra-node-guard /usr/local/bin/mlinfra-python3 -Bm mlinfra.node_guard.container_settings /etc ||
    log 'containers need --ulimit memlock=-1 and --shm-size'
}
