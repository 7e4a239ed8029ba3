#!/bin/sh
# What each container of a multi-node job starts: torchrun, which knows its place from the variables of Batch.
#
#     ./launch.sh train.py --epochs 3
set -eu

# Batch gives the main node's address to all nodes but the main node.
address="${AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS:-$(hostname -i | cut -d ' ' -f 1)}"

exec torchrun \
    --nnodes "${AWS_BATCH_JOB_NUM_NODES:-1}" \
    --node-rank "${AWS_BATCH_JOB_NODE_INDEX:-0}" \
    --nproc-per-node gpu \
    --master-addr "$address" \
    --master-port 29500 \
    "$@"
