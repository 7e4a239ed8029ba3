"""What each component of an environment is made of, one stack a file."""
