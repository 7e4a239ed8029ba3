"""What the pipelines and the Makefile run besides tests."""
