"""Submission, observation and reproduction of runs: one command on the nodes of a cluster, or in a queue."""
