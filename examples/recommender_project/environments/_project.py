"""Values of all environments of recommender. Files with names that begin with `_` are not environments."""

from mlinfra import RegisteredModel

PROJECT = {
    "project": "recommender",
    "team": "recommendations",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/recommendations/recommender",
    "models": [
        RegisteredModel(name="two-tower", owner="ana@example.com", description="Which items a user may like."),
    ],
    "image_repositories": ["two-tower"],
}
