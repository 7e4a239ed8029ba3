# Removal of an unhealthy node, at its boot and in the check of every hour.

# A text as JSON.
json() {
  local text=${1//\\/\\\\}
  printf '"%s"' "$(tr -d '\000-\037' <<<"${text//\"/\\\"}")"
}

# Counts one more replacement of this day in the records. Fails at the limit, or if the records cannot be written.
count_replacement() {
  aws dynamodb update-item --table-name "$TABLE" \
    --key "{\"cluster\":{\"S\":\"$CLUSTER\"},\"record\":{\"S\":\"replacements#$(date -u +%F)\"}}" \
    --update-expression 'SET #e = :e ADD #n :1' --condition-expression 'attribute_not_exists(#n) OR #n < :max' \
    --expression-attribute-names '{"#n":"replacements","#e":"expire_at"}' --expression-attribute-values \
    "{\":1\":{\"N\":\"1\"},\":max\":{\"N\":\"$MAX_REPLACEMENTS\"},\":e\":{\"N\":\"$(($(date +%s) + 172800))\"}}"
}

# Notifies the owner and terminates the node: fault, reason. One with a hardware fault is replaced, up to a limit.
#
# set-instance-health does not fit: the group replaces every unhealthy instance. Sources: Auto Scaling user guide,
# "Health checks for instances in an Auto Scaling group"; Auto Scaling API reference,
# TerminateInstanceInAutoScalingGroup, which replaces the instance unless the desired capacity is decremented. Read
# 2026-11-29.
remove_node() {
  local detail replaced=false decrement=--should-decrement-desired-capacity
  if [ "$1" = hardware ] && count_replacement; then
    replaced=true decrement=--no-should-decrement-desired-capacity
  fi
  detail="{\"cluster\":$(json "$CLUSTER"),\"instance_id\":$(json "$INSTANCE_ID"),\"reason\":$(json "$2"),"
  detail+="\"fault\":\"$1\",\"replaced\":$replaced}"
  aws events put-events --entries \
    "[{\"Source\":\"$EVENT_SOURCE\",\"DetailType\":\"$EVENT_TYPE\",\"Detail\":$(json "$detail")}]"
  sleep 15 # the agent sends logs every 5 seconds
  for _ in {1..40}; do
    aws autoscaling terminate-instance-in-auto-scaling-group --instance-id "$INSTANCE_ID" "$decrement" && break
    sleep 15 # an instance that is Pending may be refused
  done
}
