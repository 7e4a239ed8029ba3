"""Loading cdktf the stock way and mlinfra's way, side by side. Run with `python -m benchmarks`; see README.md."""
