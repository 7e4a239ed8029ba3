"""What was made by hand and is under management since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.account import AdoptedResource
from mlinfra.declarations import ADOPTED_COMPONENT
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class AdoptedStack(MlStack):
    """Every resource that the environment has adopted, as it is: without tags, alarms or anything else of mlinfra's.

    A resource that later becomes part of a construct moves from here to the construct's stack: forgotten here,
    imported there.
    """

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, ADOPTED_COMPONENT, tagged=False)
        self.resources = {
            each.address: AdoptedResource(self, each.address, adopted=each) for each in environment.adopted
        }

    @staticmethod
    def is_needed(environment: Environment) -> bool:
        """Whether `environment` has such a stack: where it has adopted something, or still has to let go of it."""
        stack_id = environment.names.stack_id(ADOPTED_COMPONENT)
        return bool(environment.adopted) or any(each.stack == stack_id for each in environment.forgotten)
