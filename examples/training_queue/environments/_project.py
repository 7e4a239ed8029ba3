"""Values of all environments. Files with names that begin with `_` are not environments."""

from mlinfra import Queue

PROJECT = {
    "project": "sweeps",
    "team": "ml-platform",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ml/sweeps",
    "image_repositories": ["sweep"],
    "queues": [
        Queue(
            name="team",
            owner="ana@example.com",
            gpu="A10G",
            gpus_per_node=4,
            max_nodes=4,
            # While both teams wait, ranking gets twice as much as search.
            teams={"ranking": 2, "search": 1},
        )
    ],
}
