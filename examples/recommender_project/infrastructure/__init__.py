"""The infrastructure of recommender."""
