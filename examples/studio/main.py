"""Studio for two people of one team, who share a space and write to their team's prefix.

cdktf synth --app "python examples/studio/main.py"
"""

from __future__ import annotations

from mlinfra import Environment, MlApp, MlStack, Person, Platform, Space, Studio, StudioSettings, Team

environment = Environment(
    name="dev",
    project="recsys",
    account_id="111111111111",
    region="us-east-1",
    team="ml-platform",
    cost_center="ml-1234",
    repository="gitlab.example.com/ml/platform",
    monthly_spend_limit_usd=15_000,
    teams=[Team(name="ranking", instance_types=["ml.g4dn.xlarge", "ml.t3.medium"])],
    people=[
        Person(name="ana", email="ana@example.com", team="ranking"),
        Person(name="li", email="li@example.com", team="ranking"),
    ],
    studio=StudioSettings(
        idle_minutes=60,
        max_idle_minutes=120,
        spaces=[Space(name="ranking-room", owner="ana", shared=True, storage_gib=50)],
        lifecycle_scripts={"JupyterLab": "#!/bin/bash\nset -eux\npip install --quiet polars\n"},
    ),
)


class NotebooksStack(MlStack):
    """The studio, and its permissions in the data lake."""

    def __init__(self, scope: MlApp) -> None:
        """Declare the stack."""
        super().__init__(scope, environment, "notebooks")
        platform = Platform.lookup(self)
        studio = Studio(
            self,
            "studio",
            network=platform,
        )
        ranking = studio.team("ranking")
        platform.data_lake.grant_read(ranking, zones=["raw", "features"])
        platform.data_lake.grant_read_write(ranking, zones=["features"], prefix="ranking/")
        platform.data_lake.grant_read(studio.shared, zones=["features"])


app = MlApp()
NotebooksStack(app)
app.synth()
