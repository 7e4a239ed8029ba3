"""The infrastructure of the recommender."""
