"""Values of all environments of the ranker. Files with names that begin with `_` are not environments."""

from mlinfra import Endpoint, FeatureGroup, Person, RegisteredModel, Serverless, StudioSettings, Team, Variant

RANKER = {
    "project": "ranker",
    "team": "ranking",
    "cost_center": "ml-1234",
    "repository": "gitlab.example.com/ranking/ranker",
    "studio": StudioSettings(),
    "teams": [Team(name="ranking")],
    "people": [Person(name="ana", email="ana@example.com", team="ranking")],
    "feature_groups": [
        FeatureGroup(
            name="item-clicks",
            owner="ana@example.com",
            features={"item_id": "String", "seen_at": "Fractional", "click_rate": "Fractional"},
            record_identifier="item_id",
            event_time="seen_at",
        )
    ],
    "models": [RegisteredModel(name="ranker", owner="ana@example.com", description="In which order items are shown.")],
    "image_repositories": ["ranker"],
    "endpoints": [
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=Serverless(),
            variants=[Variant(image="ranker:1.0", model_data="ranker/1/model.tar.gz")],
        )
    ],
}
