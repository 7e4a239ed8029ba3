# CloudWatch's agent: GPU metrics, and the logs of the boot and the guard.

install_cloudwatch_agent() {
  local package=/tmp/amazon-cloudwatch-agent.deb architecture
  log 'installing the CloudWatch agent'
  if command -v yum >/dev/null; then
    yum install -y -q amazon-cloudwatch-agent
  elif command -v dpkg >/dev/null; then
    architecture=$(dpkg --print-architecture)
    curl -sSf --retry 5 -o "$package" \
      "https://amazoncloudwatch-agent-$REGION.s3.$REGION.amazonaws.com/ubuntu/$architecture/latest/amazon-cloudwatch-agent.deb"
    dpkg -i -E "$package"
  else
    die 'the CloudWatch agent is missing, and the image has neither yum nor dpkg to install it'
  fi
}

start_cloudwatch_agent() {
  local control=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
  [ -x "$control" ] || install_cloudwatch_agent
  "$control" -a fetch-config -m ec2 -s -c file:/etc/mlinfra/cloudwatch-agent.json
}
