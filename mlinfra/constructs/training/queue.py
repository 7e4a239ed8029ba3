"""A queue of training jobs on AWS Batch, for teams that outgrow a cluster each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    batch_job_queue,
    batch_scheduling_policy as scheduling_policies,
    cloudwatch_log_group,
    iam_instance_profile,
    iam_role,
    iam_role_policy_attachment,
)
from mlinfra.constructs.parts import environment_of, trust_policy, workload_role
from mlinfra.constructs.training.job_settings import JobSettings
from mlinfra.constructs.training.node_network import node_security_group
from mlinfra.constructs.training.node_placement import Placement, subnet_of
from mlinfra.constructs.training.queue_job import TrainingJobDefinition
from mlinfra.constructs.training.queue_nodes import TrainingNodes, node_placement_group
from mlinfra.constructs.training.queue_runs import QueueRuns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import placement_group as placement_groups, security_group as security_groups
    from mlinfra.catalog import InstanceType
    from mlinfra.constructs.parts import PrivateNetwork
    from mlinfra.declarations import Environment, Queue

_CONTAINER_INSTANCE = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"

_DAY = 86_400

_HOPELESS_AFTER = 600  # seconds; the shortest that Batch offers
_HOPELESS = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
"""The reasons for which a job at the head of a queue can never run, and blocks the others.

Source: Batch user guide, "Automatic remediation with jobStateTimeLimitActions", read 2026-11-24.
"""
_NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"


class TrainingQueue(Construct):
    """Job queues of AWS Batch, shared fairly by teams, on GPU nodes that exist only while jobs run.

    There are three queues, because Batch requires separate ones: `spot_queue`, `on_demand_queue`, and, with more than
    one node, `multi_node_queue` for jobs of several nodes. Each has its own compute environment, with no nodes while
    no job runs, and at most `max_nodes`.

    Nodes have encrypted volumes, no public address and no open port. Traffic among nodes is unrestricted; outside the
    network they reach HTTPS only. Metadata requires a token (IMDSv2).

    Nodes are tagged `AutoStop=false`: Batch starts and terminates them, and a janitor that did so too would end jobs.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        queue: Queue,
        network: PrivateNetwork,
        multi_node_subnet_id: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the queue.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            queue: the nodes, teams and limits, one of the environment's `queues`.
            network: the VPC, the private subnets for nodes, and the KMS key for volumes and logs: a `Platform`, a
                `Network` or `NetworkSettings`. The subnets need a route to ECS and ECR.
            multi_node_subnet_id: the subnet for nodes of multi-node jobs: their placement group is in one
                availability zone. Default: the first private subnet of the network in a zone that offers the
                first instance type.
            environment: the environment of the queue. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment does not declare the queue.
        """
        self._environment = environment_of(scope, environment)
        self._environment.expect_declared_queue(queue)
        super().__init__(scope, id)
        vpc_id, subnet_ids = network.vpc_id, list(network.private_subnet_ids)
        self._key_arn = network.compute_key_arn
        self._declared = queue
        self._name = self._environment.names.queue(queue)
        self._own_tags = {"Name": self._name, "Owner": queue.owner, "Queue": queue.name, "AutoStop": "false"}
        self._jobs: dict[str, TrainingJobDefinition] = {}

        self._security_group = node_security_group(
            self, name=self._name, owner="training queue", vpc_id=vpc_id, tags=self._own_tags
        )
        self._profile, self._permissions = self._node_profile()
        self._log_group = cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "logs",
            name=self._environment.names.queue_log_group(queue),
            kms_key_id=self._key_arn,
            retention_in_days=queue.log_retention_days,
            tags=self._own_tags,
        )
        self._policy = self._scheduling_policy()
        self._runs = QueueRuns(
            self,
            "runs",
            environment=self._environment,
            queue=queue,
            key_arn=self._key_arn,
            own_tags=self._own_tags,
        )

        self._spot = self._nodes("spot", subnet_ids, spot=True)
        self._on_demand = self._nodes("on-demand", subnet_ids)
        on_spot = [self._spot, self._on_demand] if queue.spot_falls_back_to_on_demand else [self._spot]
        self._spot_queue = self._queue("spot", on_spot, priority=1)
        # Jobs of the on-demand queue are first where both queues share the on-demand nodes.
        self._on_demand_queue = self._queue("on-demand", [self._on_demand], priority=10)
        self._multi_node_queue = None
        placement_group: placement_groups.PlacementGroup | None
        if queue.max_nodes > 1:
            placement = Placement(instance_type=queue.node_types[0].name, region=self._environment.region)
            subnet_id = multi_node_subnet_id or subnet_of(self, subnet_ids, placement)
            nodes = self._nodes("multi-node", [subnet_id], multi_node=True)
            self._multi_node_queue = self._queue("multi-node", [nodes], priority=10)
            placement_group = nodes.placement_group
        else:
            # Declared without its nodes too: its deletion would fail while nodes of an earlier max_nodes shut down.
            placement_group = node_placement_group(
                Construct(self, "multi-node"), name=f"{self._name}-multi-node", own_tags=self._own_tags
            )
        if placement_group:
            # Its deletion must wait for the last node, as that of the security group does.
            address = f"{placement_group.terraform_resource_type}.{placement_group.friendly_unique_id}"
            self._security_group.depends_on = [address]

    def job(
        self,
        name: str,
        *,
        image: str,
        command: Sequence[str] = (),
        nodes: int = 1,
        spot: bool | None = None,
        gpus_per_node: int | None = None,
        vcpus_per_node: int | None = None,
        memory_mib_per_node: int | None = None,
        shared_memory_mib: int | None = None,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        attempts: int = 3,
        retry_exit_codes: Sequence[int] = (),
        timeout_seconds: int = _DAY,
        priority: int = 100,
        role: iam_role.IamRole | None = None,
    ) -> TrainingJobDefinition:
        """Define a job that is submitted to one of the queues.

        Args:
            name: its name in the queue: 2 to 40 lower-case letters, digits and single
                hyphens, beginning with a letter.
            image: the container image, with a tag other than `latest` or with a digest: each attempt
                of a job has to run the same code.
            command: the program and its arguments. Default: the command of the image.
            nodes: the number of nodes, with one container on each. Default: 1.
            spot: True if it runs on spot instances, which EC2 can take back with two minutes' notice. Default: True
                for one node. Batch runs jobs of several nodes only on demand.
            gpus_per_node: GPUs on each node. Default: all of the first instance type's.
            vcpus_per_node: vCPUs on each node. Default: as much of the node as its GPUs are.
            memory_mib_per_node: memory on each node, in MiB; a container that takes more is ended.
                Default: as much of nine tenths of the node as its GPUs are.
            shared_memory_mib: `/dev/shm` in MiB, a part of the memory. Default: half of it, since
                data loaders hand tensors over there and Docker gives 64 MiB.
            variables: environment variables. Default: none but those of Batch.
            secrets: environment variables whose values are kept in Secrets Manager or Parameter
                Store: ARNs by name. A key of your own has to let `execution_role` decrypt. Default:
                none.
            attempts: the largest number of attempts, 1 to 10, if its host is lost. Default: 3.
            retry_exit_codes: exit codes of the program after which it is repeated too, at most 3. Of several nodes,
                Batch notices the loss of node 0 only: a program that loses another node can end with such a code.
                Default: none.
            timeout_seconds: the longest time of an attempt, in seconds, at least 60. Default: 86400, a day: a job
                that hangs on a Friday costs a day and not the weekend.
            priority: its priority among the jobs of its team, 1 to 9999, highest first. Default: 100.
            role: the role of its program. Default: a new role, without permissions until they are granted:
                `lake.grant_read(job)`.

        Raises:
            ValueError: with every problem at once, or where the queue has a job of that name.
        """
        if name in self._jobs:
            message = (
                f"the queue {self._declared.name!r} already has a job {name!r}. Names must be unique: use another name."
            )
            raise ValueError(message)
        settings = JobSettings(
            prefix=self._environment.names.prefix,
            queue=self._declared,
            name=name,
            image=image,
            command=tuple(command),
            nodes=nodes,
            spot=spot,
            gpus_per_node=gpus_per_node,
            vcpus_per_node=vcpus_per_node,
            memory_mib_per_node=memory_mib_per_node,
            shared_memory_mib=shared_memory_mib,
            variables=dict(variables or {}),
            secrets=dict(secrets or {}),
            attempts=attempts,
            retry_exit_codes=tuple(retry_exit_codes),
            timeout_seconds=timeout_seconds,
            priority=priority,
        )
        self._jobs[name] = TrainingJobDefinition(
            self,
            f"job-{name}",
            settings=settings,
            queue=self._queue_of(settings),
            logs=self._log_group,
            role=role,
            own_tags=self._own_tags,
            environment=self._environment,
        )
        return self._jobs[name]

    @property
    def runs(self) -> QueueRuns:
        """The roles of runs that `mlinfra run --queue` starts."""
        return self._runs

    @property
    def node_types(self) -> tuple[InstanceType, ...]:
        """The instance types of the nodes, the preferred one first."""
        return self._declared.node_types

    @property
    def reason(self) -> str:
        """The reason for the choice of the instance type, in one sentence."""
        return self._declared.reason

    @property
    def jobs(self) -> Mapping[str, TrainingJobDefinition]:
        """The defined jobs, by name."""
        return dict(self._jobs)

    @property
    def spot_queue(self) -> batch_job_queue.BatchJobQueue:
        """The job queue on spot instances."""
        return self._spot_queue

    @property
    def on_demand_queue(self) -> batch_job_queue.BatchJobQueue:
        """The job queue on demand."""
        return self._on_demand_queue

    @property
    def multi_node_queue(self) -> batch_job_queue.BatchJobQueue | None:
        """The job queue for jobs of several nodes. None: `max_nodes` is 1."""
        return self._multi_node_queue

    @property
    def scheduling_policy(self) -> scheduling_policies.BatchSchedulingPolicy:
        """The scheduling policy by which teams share the queues."""
        return self._policy

    @property
    def security_group(self) -> security_groups.SecurityGroup:
        """The security group of its nodes."""
        return self._security_group

    @property
    def log_group(self) -> cloudwatch_log_group.CloudwatchLogGroup:
        """The log group of the output of its jobs."""
        return self._log_group

    def _queue_of(self, settings: JobSettings) -> batch_job_queue.BatchJobQueue:
        if settings.nodes > 1:
            assert self._multi_node_queue is not None  # noqa: S101  more nodes than max_nodes were refused
            return self._multi_node_queue
        return self._spot_queue if settings.on_spot else self._on_demand_queue

    def _nodes(
        self, id_: str, subnet_ids: Sequence[str], *, spot: bool = False, multi_node: bool = False
    ) -> TrainingNodes:
        return TrainingNodes(
            self,
            id_,
            queue=self._declared,
            queue_name=self._name,
            spot=spot,
            multi_node=multi_node,
            profile=self._profile,
            permissions=self._permissions,
            security_group_id=self._security_group.id,
            subnet_ids=subnet_ids,
            key_arn=self._key_arn,
            own_tags=self._own_tags,
            node_tags=self._environment.tags(auto_stop=False) | self._own_tags,
        )

    def _queue(self, id_: str, nodes: Sequence[TrainingNodes], *, priority: int) -> batch_job_queue.BatchJobQueue:
        limits = {_NO_CAPACITY: self._declared.capacity_wait_seconds, **dict.fromkeys(_HOPELESS, _HOPELESS_AFTER)}
        return batch_job_queue.BatchJobQueue(
            self,
            f"{id_}-queue",
            name=f"{self._name}-{id_}",
            state="ENABLED",
            priority=priority,
            scheduling_policy_arn=self._policy.arn,
            compute_environment_order=[
                batch_job_queue.BatchJobQueueComputeEnvironmentOrder(
                    order=order, compute_environment=each.environment.arn
                )
                for order, each in enumerate(nodes, start=1)
            ],
            job_state_time_limit_action=[
                batch_job_queue.BatchJobQueueJobStateTimeLimitAction(
                    state="RUNNABLE", action="CANCEL", reason=reason, max_time_seconds=seconds
                )
                for reason, seconds in limits.items()
            ],
            tags=self._own_tags | {"Name": f"{self._name}-{id_}"},
        )

    def _scheduling_policy(self) -> scheduling_policies.BatchSchedulingPolicy:
        return scheduling_policies.BatchSchedulingPolicy(
            self,
            "scheduling-policy",
            name=self._name,
            fair_share_policy=scheduling_policies.BatchSchedulingPolicyFairSharePolicy(
                share_decay_seconds=self._declared.share_decay_seconds,
                compute_reservation=self._declared.compute_reservation_percent,
                share_distribution=[
                    scheduling_policies.BatchSchedulingPolicyFairSharePolicyShareDistribution(
                        share_identifier=team, weight_factor=weight
                    )
                    for team, weight in sorted(self._declared.weights.items())
                ],
            ),
            tags=self._own_tags,
        )

    def _node_profile(
        self,
    ) -> tuple[iam_instance_profile.IamInstanceProfile, iam_role_policy_attachment.IamRolePolicyAttachment]:
        role = workload_role(
            self,
            "node-role",
            environment=self._environment,
            name=f"{self._name}-node",
            trust=trust_policy("ec2.amazonaws.com"),
            tags=self._own_tags,
        )
        # Batch chooses the version of the ECS agent, and AWS updates the managed policy with the calls of the agent.
        permissions = iam_role_policy_attachment.IamRolePolicyAttachment(
            self, "node-permissions", role=role.name, policy_arn=_CONTAINER_INSTANCE
        )
        profile = iam_instance_profile.IamInstanceProfile(
            self, "node-profile", name=f"{self._name}-node", role=role.name, tags=self._own_tags
        )
        return profile, permissions
