"""Values of all environments. Files with names that begin with `_` are not environments."""

PROJECT = {
    "project": "assistant",
    "team": "language",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/language/assistant",
}
