"""The stacks of recommender: mlinfra's for the network, the data and the training, and one of its own."""

from __future__ import annotations

from mlinfra import Environment, MlApp, MlStack, Platform, ServingEndpoint, StateStack
from mlinfra.stacks.adopted import AdoptedStack
from mlinfra.stacks.data import DataStack
from mlinfra.stacks.foundation import FoundationStack
from mlinfra.stacks.training import TrainingStack


class EndpointStack(MlStack):
    """The endpoint of the model."""

    def __init__(self, scope: MlApp, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "endpoint")
        platform = Platform.lookup(self)
        self.endpoint = ServingEndpoint(
            self,
            "endpoint",
            endpoint=environment.endpoint("two-tower"),
            data_lake=platform.data_lake,
            network=platform,
        )


def declare_stacks(app: MlApp, environment: Environment) -> None:
    """Declare all stacks of an environment. Each is deployed after those that it depends on."""
    state = StateStack(app, environment)
    foundation = FoundationStack(app, environment)
    data = DataStack(app, environment)
    training = TrainingStack(app, environment)
    for stack in (foundation, data):
        stack.add_dependency(state)
        training.add_dependency(stack)
    if AdoptedStack.is_needed(environment):
        adopted = AdoptedStack(app, environment)
        adopted.add_dependency(state)
    # No endpoint is declared before the first version of the model is approved.
    if environment.endpoints:
        endpoint = EndpointStack(app, environment)
        endpoint.add_dependency(foundation)
        endpoint.add_dependency(data)
