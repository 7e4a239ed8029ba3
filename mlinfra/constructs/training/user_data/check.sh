# Check of the node's hardware, with a program that is installed with the guard.

check_node() {
  local answer status=0
  answer=$(/usr/local/bin/mlinfra-check-node 2>&1) || status=$?
  log "$answer"
  case $status in
    0) ;;
    3) broken "${answer##*hardware: }" ;;
    *) die "${answer##*image: }" ;;
  esac
}
