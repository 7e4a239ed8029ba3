"""Training of the recommender: `python -m training`."""
