# The environment for users of the node, once everything else is in place.

publish_environment() {
  local names
  names=$(sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' /etc/mlinfra/environment.new | paste -sd '|')
  # Docker reads values literally, without quotes.
  (
    set -a
    eval "$(</etc/mlinfra/environment.new)"
    env
  ) | grep -E "^($names)=" | write /etc/mlinfra/environment.docker 644
  mv /etc/mlinfra/environment.new /etc/mlinfra/environment
  write /etc/profile.d/mlinfra.sh 644 <<'END'
if [ -r /etc/mlinfra/environment ]; then
  set -a
  . /etc/mlinfra/environment
  set +a
  [ -z "${CUDA_HOME:-}" ] || PATH="$CUDA_HOME/bin:$PATH"
fi
END
  # Run again at every boot of the node.
  [ "$0" -ef /var/lib/cloud/scripts/per-boot/mlinfra ] ||
    install -D -m 700 "$0" /var/lib/cloud/scripts/per-boot/mlinfra
  log 'ready'
}
