"""The ranker: `python -m ranker train`, `serve` and `replay`."""
