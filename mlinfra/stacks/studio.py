"""Stack of SageMaker Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.studio import Studio
from mlinfra.declarations import DATA_ZONES
from mlinfra.platform import Platform, hand_over
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class StudioStack(MlStack):
    """SageMaker Studio in the platform's network, with each team's access to the data lake."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`.

        Raises:
            ValueError: if the environment declares no studio.
        """
        super().__init__(scope, environment, "studio")
        platform = Platform.lookup(self)
        self.studio = Studio(
            self,
            "studio",
            network=platform,
        )
        for team in environment.teams:
            people = self.studio.team(team.name)
            if team.reads:
                platform.data_lake.grant_read(people, zones=team.reads)
            if team.writes:
                platform.data_lake.grant_read_write(people, zones=team.writes, prefix=f"{team.name}/")
        # All shared spaces use one role, so it can read only the zones that every team can read.
        common = [zone for zone in DATA_ZONES if all(zone in team.reads for team in environment.teams)]
        if environment.teams and common:
            platform.data_lake.grant_read(self.studio.shared, zones=common)
        hand_over(self, {"domain-id": self.studio.domain_id})
