# The node guard, which does not fit into user data: from parameters of the cluster.

# The guard needs Python 3.9. Amazon Linux 2 has python3 3.7, and its Deep Learning image has python3.10 too (release
# notes of version 71.6, python_location, read 2026-11-29).
link_python() {
  local each
  mkdir -p /usr/local/bin
  for each in python3 python3.{14,13,12,11,10,9}; do
    if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
      ln -sfn "$(command -v "$each")" /usr/local/bin/mlinfra-python3
      return
    fi
  done
  die 'the image has no Python 3.9 or later, which the guard needs'
}

# Parameter Store answers 40 calls a second in an account and region by default, and nodes of a large cluster boot at the
# same time. Each node makes one call; the AWS CLI repeats a throttled one 7 times, at random intervals of up to 20
# seconds, and the loop does so 6 times, at random intervals too. Sources: AWS general reference, "AWS Systems Manager
# endpoints and quotas"; AWS CLI user guide, "AWS CLI retries". Read 2026-11-29.
install_guard() {
  local program=/usr/local/bin/mlinfra-node-guard
  link_python
  # shellcheck disable=SC2153
  for _ in 1 2 3 4 5 6; do
    # Parameters that are being changed are of two versions: the checksum of bzip2 differs.
    # shellcheck disable=SC2086
    if aws ssm get-parameters --names $GUARD_PARAMETERS --query 'sort_by(Parameters, &Name)[].Value' --output text |
      /usr/local/bin/mlinfra-python3 -c 'import base64, bz2, sys
sys.stdout.buffer.write(bz2.decompress(base64.b64decode("".join(sys.stdin.read().split()))))' >/run/mlinfra-node-guard; then
      install -D -m 755 /run/mlinfra-node-guard "$program"
      break
    fi
    sleep $((5 + RANDOM % 20))
  done
  # One from an earlier boot is better than none.
  [ -x "$program" ] || die 'its guard cannot be installed: the parameters cannot be read'
  rm -f /run/mlinfra-node-guard
  # It is a zip, with other programs in it.
  /usr/local/bin/mlinfra-python3 -m zipfile -e "$program" /run/mlinfra-guard
  install -m 755 /run/mlinfra-guard/mlinfra-* /usr/local/bin/
  rm -rf /run/mlinfra-guard
}
