"""Replay of the shutdown layers over generated workloads: `python -m benchmarks.idle`.

The handlers of `mlinfra.functions` run unchanged, with a simulated clock and an AWS in memory. README.md describes the
workload, the oracle, the measures and the faults.
"""
