"""Serving of the recommender: `python -m serving` in the container of the endpoint."""
