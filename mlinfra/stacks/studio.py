"""Where an environment's people work in notebooks."""

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
    """SageMaker Studio in the platform's network, with its data lake as far as each team may see it."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`.

        Raises:
            ValueError: where the environment declares no studio.
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
        # All shared spaces act as one role, so what not every team may see is for none of them.
        common = [zone for zone in DATA_ZONES if all(zone in team.reads for team in environment.teams)]
        if environment.teams and common:
            platform.data_lake.grant_read(self.studio.shared, zones=common)
        hand_over(self, {"domain-id": self.studio.domain_id})
