# Local NVMe disks as one file system at /scratch. Their data is lost when the node stops.

mount_scratch() {
  local device each
  local -a disks
  mountpoint -q /scratch && return
  mkdir -p /scratch
  # The Deep Learning images of AWS already do this, with LVM.
  if systemctl cat dlami-nvme.service >/dev/null 2>&1; then
    systemctl start dlami-nvme.service || log 'dlami-nvme.service fails'
  fi
  if mountpoint -q /opt/dlami/nvme; then
    mount --bind /opt/dlami/nvme /scratch
  else
    # After a reboot it already exists.
    if command -v mdadm >/dev/null; then mdadm --assemble --scan || true; fi
    device=$(blkid -L scratch || true)
    if [ -z "$device" ]; then
      mapfile -t disks < <(lsblk -dnpo NAME,MODEL | awk '/Amazon EC2 NVMe Instance Storage/ { print $1 }')
      for each in "${disks[@]}"; do
        [ -z "$(wipefs -n "$each")" ] || die "the local disk $each is in use"
      done
      case ${#disks[@]} in
        0) broken 'it has no local NVMe disk, and at least one is expected' ;;
        1) device=${disks[0]} ;;
        *)
          device=/dev/md/scratch
          command -v mdadm >/dev/null || yum install -y -q mdadm || die 'mdadm is missing'
          mdadm --create "$device" --level=0 --name=scratch --raid-devices="${#disks[@]}" --run "${disks[@]}"
          ;;
      esac
      mkfs.xfs -q -L scratch "$device"
    fi
    mount -o noatime "$device" /scratch
  fi
  chmod 1777 /scratch
  log "/scratch has $(df -h --output=size /scratch | tail -n 1 | tr -d ' ')"
}
