"""Serving of recommender: `python -m serving` in the container of the endpoint."""
