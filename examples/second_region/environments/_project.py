"""Values of all environments. Files with names that begin with `_` are not environments."""

from mlinfra import Endpoint, RealTime, Variant

PROJECT = {
    "project": "store",
    "team": "ranking",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ranking/store",
    "image_repositories": ["ranker"],
    "endpoints": [
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=RealTime(instance_type="ml.m7i.large", instances=2),
            variants=[Variant(image="ranker:1.0", model_data="ranker/1/model.tar.gz")],
        ),
    ],
}
