"""Stack of the clusters and queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.shutdown import Shutdown
from mlinfra.constructs.training import RunDocument, TrainingCluster, TrainingQueue
from mlinfra.platform import Platform
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class TrainingStack(MlStack):
    """One cluster for each experiment, the queues, the document that starts runs, and the shutdown of the clusters.

    They share a stack on purpose: the next apply destroys the cluster of an experiment that is removed from the
    environment. With a stack per experiment, the cluster would remain and run.
    """

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "training", auto_stop=True)
        platform = Platform.lookup(self)
        self.shutdown = Shutdown(self, "shutdown", key_arn=platform.compute_key_arn)
        self.clusters = {}
        # Also without a cluster: the permission to start runs names it.
        self.run_document = RunDocument(self, "start_run")
        for experiment in environment.experiments:
            cluster = TrainingCluster(
                self,
                experiment.name,
                experiment=experiment,
                network=platform,
            )
            platform.data_lake.grant_read(cluster, zones=["raw", "processed", "features"])
            # An experiment reads all models and writes its own.
            platform.data_lake.grant_read(cluster, zones=["models"])
            platform.data_lake.grant_read_write(cluster, zones=["models"], prefix=f"{experiment.name}/")
            if environment.tracking:
                platform.experiment_tracking.grant_log(cluster)
            self.shutdown.watch(cluster_name=cluster.group.name, experiment=experiment)
            self.clusters[experiment.name] = cluster
        # No name of an experiment has an underscore, so the ids cannot collide.
        self.queues = {
            queue.name: TrainingQueue(self, f"queue_{queue.name}", queue=queue, network=platform)
            for queue in environment.queues
        }
        for each in self.queues.values():
            platform.data_lake.grant_read(each.runs, zones=["raw", "processed", "features", "models"])
            platform.data_lake.grant_runs(each.runs)
            if environment.tracking:
                platform.experiment_tracking.grant_log(each.runs)
