# The experiment's Lustre file system at /lustre.

os_release() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" /etc/os-release; }

install_lustre_client() {
  local keyring=/usr/share/keyrings/fsx-ubuntu-public-key.gpg list=/etc/apt/sources.list.d/fsxlustreclientrepo.list
  local os
  os=$(os_release ID)-$(os_release VERSION_ID)
  log "installing the Lustre client for $os"
  case $os in
    ubuntu-*)
      curl -sSf --retry 5 https://fsx-lustre-client-repo-public-keys.s3.amazonaws.com/fsx-ubuntu-public-key.asc |
        gpg --batch --yes --dearmor -o "$keyring"
      echo "deb [signed-by=$keyring] https://fsx-lustre-client-repo.s3.amazonaws.com/ubuntu $(os_release VERSION_CODENAME) main" >"$list"
      # Only that repository: the others use HTTP, which the security group does not allow.
      apt-get update -q -o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
      DEBIAN_FRONTEND=noninteractive apt-get install -q -y -o DPkg::Lock::Timeout=300 "lustre-client-modules-$(uname -r)"
      ;;
    amzn-2) amazon-linux-extras install -y lustre ;;
    amzn-2023) dnf install -y -q lustre-client ;;
    *) die "there is no Lustre client for $os" ;;
  esac
}

mount_lustre() {
  local source
  mountpoint -q /lustre && return
  modprobe lustre 2>/dev/null || {
    install_lustre_client
    modprobe lustre || die "there is no Lustre client for the kernel $(uname -r)"
  }
  source=$(aws ssm get-parameter --name "$LUSTRE_PARAMETER" --query Parameter.Value --output text)
  mkdir -p /lustre
  mount -t lustre -o relatime,flock "$source" /lustre
  log "/lustre is $source"
}
