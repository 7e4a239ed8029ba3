"""The `mlinfra` command: what operations do, in words on a terminal."""
