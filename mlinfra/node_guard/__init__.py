"""The node guard: reports every minute how active a training node is, and protects it from scale-in.

Runs on nodes with the Python of the image: standard library and `mlinfra.functions.contract` only, Python 3.9 or later.
`mlinfra.constructs.training` puts these files into the user data. docs/training-clusters.md describes the rules.
"""
