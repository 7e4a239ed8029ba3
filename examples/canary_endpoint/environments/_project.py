"""Values of all environments. Files with names that begin with `_` are not environments."""

from mlinfra import BlueGreen, Endpoint, RealTime, RegisteredModel, Variant

PROJECT = {
    "project": "shop",
    "team": "ranking",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ranking/shop",
    "image_repositories": ["ranker"],
    "models": [RegisteredModel(name="ranker", owner="ana@example.com", description="In which order items are shown.")],
    "endpoints": [
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=RealTime(
                instance_type="ml.m7i.large",
                instances=4,
                max_instances=8,
                invocations_per_instance=3_000,
                max_latency_ms=100,
            ),
            # To release version 2: change both, and apply.
            variants=[Variant(image="ranker:1.0", model_data="ranker/1/model.tar.gz")],
            # One instance of four gets the new version first, and is watched for ten minutes.
            deployment=BlueGreen(traffic="canary", step_percent=25, wait_seconds=600),
            max_error_percent=0.5,
            capture_percent=10,
        ),
    ],
}
