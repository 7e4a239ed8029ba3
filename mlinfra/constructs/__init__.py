"""The building blocks, one a file, each importable alone into any CDKTF project."""
