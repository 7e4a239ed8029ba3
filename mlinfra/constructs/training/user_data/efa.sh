# Check of the node's Elastic Fabric Adapters, as libfabric sees them.

# Source: EC2 user guide, "Get started with EFA and NCCL" (the command, /opt/amazon/efa, and an answer with a domain such
# as efa_0-rdm for each adapter), read 2026-11-29. Newer libfabric answers twice for each adapter, with the fabrics efa
# and efa-direct (fi_efa(7)), so adapters are counted by the part of the domain before the first hyphen.
check_efa() {
  local answer count
  command -v fi_info >/dev/null || PATH="$PATH:${MLINFRA_NODE_ROOT:-}/opt/amazon/efa/bin"
  command -v fi_info >/dev/null || die 'the image lacks libfabric for Elastic Fabric Adapters: fi_info is missing'
  answer=$(timeout 60 fi_info -p efa -t FI_EP_RDM 2>&1) || broken "fi_info finds no Elastic Fabric Adapter: $answer"
  count=$(sed -n 's/^ *domain: *\([^-]*\).*/\1/p' <<<"$answer" | sort -u | grep -c .) || count=0
  [ "$count" -ge "$EFA_ADAPTERS" ] || broken "it has $count Elastic Fabric Adapters, and $EFA_ADAPTERS are expected"
  log "$count Elastic Fabric Adapters"
}
