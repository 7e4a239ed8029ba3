"""The stacks of an environment, one component per file."""
