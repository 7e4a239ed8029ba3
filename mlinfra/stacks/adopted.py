"""Stack of resources that were created by hand and adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.account import AdoptedResource
from mlinfra.declarations import ADOPTED_COMPONENT
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class AdoptedStack(MlStack):
    """All adopted resources of the environment, unchanged: without tags, alarms or other additions.

    A resource that later becomes part of a construct is forgotten in this stack and imported in the construct's.
    """

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, ADOPTED_COMPONENT, tagged=False)
        # Terraform needs the provider of a forgotten resource until it is out of the state.
        forgotten = [each for each in environment.forgotten if each.stack == self.node.id]
        regions = {each.region for each in environment.adopted if each.region}
        regions |= {each.region for each in forgotten if each.region}
        providers = {each: self.regional_provider(each) for each in sorted(regions - {environment.region})}
        self.resources = {
            each.address: AdoptedResource(
                self, each.address, adopted=each, provider=providers.get(each.region) if each.region else None
            )
            for each in environment.adopted
        }

    @staticmethod
    def is_needed(environment: Environment) -> bool:
        """True if `environment` has adopted resources, or resources in this stack to forget."""
        stack_id = environment.names.stack_id(ADOPTED_COMPONENT)
        return bool(environment.adopted) or any(each.stack == stack_id for each in environment.forgotten)
