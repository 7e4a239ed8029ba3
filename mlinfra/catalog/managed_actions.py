"""AWS actions that create, change and delete managed resources, by Terraform resource type.

Actions that move data, start and stop resources, or are part of work in Studio are not among them: a lock on
infrastructure must not stop work. `LEFT_OPEN` lists those that change a managed resource nevertheless.

Source: service authorization reference of each service, "Actions", read 2026-11-26. `ci/lockdown_actions.py` compares
this table with all write actions of these services.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def _of(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


_ADDRESSES = _of("ec2", "AllocateAddress", "AssociateAddress", "DisassociateAddress", "ReleaseAddress")
_QUEUE = _of("sqs", "AddPermission", "CreateQueue", "DeleteQueue", "RemovePermission", "SetQueueAttributes")
_TOPIC = _of(
    "sns",
    "AddPermission",
    "CreateTopic",
    "DeleteTopic",
    "PutDataProtectionPolicy",
    "RemovePermission",
    "SetTopicAttributes",
)
_RULES_IN = _of("ec2", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifySecurityGroupRules")
_RULES_OUT = _of("ec2", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "ModifySecurityGroupRules")

MANAGED_ACTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws_appautoscaling_policy": _of("application-autoscaling", "DeleteScalingPolicy", "PutScalingPolicy"),
        "aws_appautoscaling_target": _of(
            "application-autoscaling",
            "DeleteScheduledAction",
            "DeregisterScalableTarget",
            "PutScheduledAction",
            "RegisterScalableTarget",
        ),
        "aws_athena_workgroup": _of("athena", "CreateWorkGroup", "DeleteWorkGroup", "UpdateWorkGroup"),
        "aws_autoscaling_group": _of(
            "autoscaling",
            "AttachInstances",
            "AttachLoadBalancerTargetGroups",
            "AttachLoadBalancers",
            "AttachTrafficSources",
            "CreateAutoScalingGroup",
            "CreateLaunchConfiguration",
            "CreateOrUpdateTags",
            "DeleteAutoScalingGroup",
            "DeleteLifecycleHook",
            "DeleteNotificationConfiguration",
            "DeletePolicy",
            "DeleteTags",
            "DeleteWarmPool",
            "DetachInstances",
            "EnterStandby",
            "PutLifecycleHook",
            "PutNotificationConfiguration",
            "PutScalingPolicy",
            "PutWarmPool",
            "StartInstanceRefresh",
            "SuspendProcesses",
            "UpdateAutoScalingGroup",
        ),
        "aws_autoscaling_schedule": _of(
            "autoscaling",
            "BatchDeleteScheduledAction",
            "BatchPutScheduledUpdateGroupAction",
            "DeleteScheduledAction",
            "PutScheduledUpdateGroupAction",
        ),
        "aws_batch_compute_environment": _of(
            "batch", "CreateComputeEnvironment", "DeleteComputeEnvironment", "UpdateComputeEnvironment"
        ),
        "aws_batch_job_definition": _of("batch", "DeregisterJobDefinition", "RegisterJobDefinition"),
        "aws_batch_job_queue": _of("batch", "CreateJobQueue", "DeleteJobQueue", "UpdateJobQueue"),
        "aws_batch_scheduling_policy": _of(
            "batch", "CreateSchedulingPolicy", "DeleteSchedulingPolicy", "UpdateSchedulingPolicy"
        ),
        "aws_bcmdataexports_export": _of("bcm-data-exports", "CreateExport", "DeleteExport", "UpdateExport"),
        "aws_budgets_budget": _of("budgets", "ModifyBudget"),
        "aws_budgets_budget_action": _of("budgets", "CreateBudgetAction", "DeleteBudgetAction", "UpdateBudgetAction"),
        # Cost Explorer and chat channels are used by the whole account. Drift detection finds changes of managed ones.
        "aws_ce_anomaly_monitor": (),
        "aws_ce_anomaly_subscription": (),
        "aws_ce_cost_allocation_tag": (),
        "aws_chatbot_slack_channel_configuration": (),
        "aws_cloudwatch_event_rule": _of(
            "events", "DeleteRule", "DisableRule", "EnableRule", "PutPermission", "PutRule", "RemovePermission"
        ),
        "aws_cloudwatch_event_target": _of("events", "PutTargets", "RemoveTargets"),
        "aws_cloudwatch_log_group": _of(
            "logs",
            "AssociateKmsKey",
            "DeleteLogGroup",
            "DeleteLogStream",
            "DeleteResourcePolicy",
            "DeleteRetentionPolicy",
            "DeleteSubscriptionFilter",
            "DisassociateKmsKey",
            "PutAccountPolicy",
            "PutResourcePolicy",
            "PutRetentionPolicy",
            "PutSubscriptionFilter",
        ),
        "aws_cloudwatch_dashboard": (),
        "aws_cloudwatch_metric_alarm": _of(
            "cloudwatch",
            "DeleteAlarms",
            "DisableAlarmActions",
            "EnableAlarmActions",
            "PutCompositeAlarm",
            "PutMetricAlarm",
            "SetAlarmState",
        ),
        "aws_default_security_group": (*_RULES_IN, *_RULES_OUT),
        "aws_dynamodb_table": _of(
            "dynamodb",
            "CreateTable",
            "CreateTableReplica",
            "DeleteResourcePolicy",
            "DeleteTable",
            "DeleteTableReplica",
            "EnableKinesisStreamingDestination",
            "PutResourcePolicy",
            "UpdateContinuousBackups",
            "UpdateTable",
            "UpdateTableReplicaAutoScaling",
            "UpdateTimeToLive",
        ),
        "aws_ecr_lifecycle_policy": _of("ecr", "DeleteLifecyclePolicy", "PutLifecyclePolicy"),
        "aws_ecr_repository": _of(
            "ecr",
            "CreateRepository",
            "DeleteRepository",
            "PutImageScanningConfiguration",
            "PutImageTagMutability",
            "PutReplicationConfiguration",
        ),
        "aws_ecr_repository_policy": _of(
            "ecr", "DeleteRegistryPolicy", "DeleteRepositoryPolicy", "PutRegistryPolicy", "SetRepositoryPolicy"
        ),
        "aws_eip": _ADDRESSES,
        "aws_flow_log": _of("ec2", "CreateFlowLogs", "DeleteFlowLogs"),
        "aws_fsx_data_repository_association": _of(
            "fsx",
            "CreateDataRepositoryAssociation",
            "DeleteDataRepositoryAssociation",
            "UpdateDataRepositoryAssociation",
        ),
        "aws_fsx_lustre_file_system": _of("fsx", "CreateFileSystem", "DeleteFileSystem", "UpdateFileSystem"),
        "aws_glue_catalog_database": _of(
            "glue",
            "CreateDatabase",
            "DeleteDatabase",
            "DeleteResourcePolicy",
            "PutDataCatalogEncryptionSettings",
            "PutResourcePolicy",
            "UpdateDatabase",
        ),
        # Tables of the catalog are the work of people and jobs.
        "aws_glue_catalog_table": (),
        "aws_iam_instance_profile": _of(
            "iam",
            "AddRoleToInstanceProfile",
            "CreateInstanceProfile",
            "DeleteInstanceProfile",
            "RemoveRoleFromInstanceProfile",
        ),
        "aws_iam_openid_connect_provider": _of(
            "iam",
            "AddClientIDToOpenIDConnectProvider",
            "CreateOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider",
            "RemoveClientIDFromOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
        ),
        "aws_iam_policy": _of(
            "iam",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "SetDefaultPolicyVersion",
            "TagPolicy",
            "UntagPolicy",
        ),
        "aws_iam_role": _of(
            "iam",
            "CreateRole",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "PutRolePermissionsBoundary",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        ),
        "aws_iam_role_policy": _of("iam", "DeleteRolePolicy", "PutRolePolicy"),
        "aws_iam_role_policy_attachment": _of("iam", "AttachRolePolicy", "DetachRolePolicy"),
        "aws_internet_gateway": _of(
            "ec2", "AttachInternetGateway", "CreateInternetGateway", "DeleteInternetGateway", "DetachInternetGateway"
        ),
        "aws_kms_alias": _of("kms", "CreateAlias", "DeleteAlias", "UpdateAlias"),
        "aws_kms_key": _of(
            "kms",
            "CreateKey",
            "DisableKey",
            "DisableKeyRotation",
            "PutKeyPolicy",
            "ReplicateKey",
            "ScheduleKeyDeletion",
            "UpdateKeyDescription",
            "UpdatePrimaryRegion",
        ),
        "aws_lambda_function": _of(
            "lambda",
            "CreateEventSourceMapping",
            "CreateFunction",
            "CreateFunctionUrlConfig",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "PutFunctionConcurrency",
            "PutRuntimeManagementConfig",
            "UpdateEventSourceMapping",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "UpdateFunctionUrlConfig",
        ),
        "aws_lambda_function_event_invoke_config": _of(
            "lambda",
            "DeleteFunctionEventInvokeConfig",
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
        ),
        "aws_lambda_permission": _of("lambda", "AddPermission", "RemovePermission"),
        "aws_launch_template": _of(
            "ec2",
            "CreateLaunchTemplate",
            "CreateLaunchTemplateVersion",
            "DeleteLaunchTemplate",
            "DeleteLaunchTemplateVersions",
            "ModifyLaunchTemplate",
        ),
        "aws_nat_gateway": _of(
            "ec2",
            "AssignPrivateNatGatewayAddress",
            "AssociateNatGatewayAddress",
            "CreateNatGateway",
            "DeleteNatGateway",
            "DisassociateNatGatewayAddress",
            "UnassignPrivateNatGatewayAddress",
        ),
        "aws_placement_group": _of("ec2", "CreatePlacementGroup", "DeletePlacementGroup"),
        "aws_route": _of("ec2", "CreateRoute", "DeleteRoute", "ReplaceRoute"),
        "aws_route_table": _of("ec2", "CreateRouteTable", "DeleteRouteTable"),
        "aws_route_table_association": _of(
            "ec2", "AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation"
        ),
        "aws_s3_bucket": _of(
            "s3",
            "CreateAccessPoint",
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketWebsite",
            "PutAccessPointPolicy",
            "PutBucketAcl",
            "PutBucketCORS",
            "PutBucketTagging",
            "PutBucketWebsite",
            "PutMultiRegionAccessPointPolicy",
        ),
        "aws_s3_bucket_inventory": _of("s3", "PutInventoryConfiguration"),
        "aws_s3_bucket_lifecycle_configuration": _of("s3", "PutLifecycleConfiguration"),
        "aws_s3_bucket_logging": _of("s3", "PutBucketLogging"),
        "aws_s3_bucket_notification": _of("s3", "PutBucketNotification"),
        "aws_s3_bucket_object_lock_configuration": _of(
            "s3", "BypassGovernanceRetention", "PutBucketObjectLockConfiguration"
        ),
        "aws_s3_bucket_ownership_controls": _of("s3", "PutBucketOwnershipControls"),
        "aws_s3_bucket_policy": _of("s3", "DeleteBucketPolicy", "PutBucketPolicy"),
        "aws_s3_bucket_public_access_block": _of(
            "s3", "PutAccessPointPublicAccessBlock", "PutAccountPublicAccessBlock", "PutBucketPublicAccessBlock"
        ),
        "aws_s3_bucket_replication_configuration": _of("s3", "PauseReplication", "PutReplicationConfiguration"),
        "aws_s3_bucket_server_side_encryption_configuration": _of("s3", "PutEncryptionConfiguration"),
        "aws_s3_bucket_versioning": _of("s3", "PutBucketVersioning"),
        "aws_sagemaker_domain": _of("sagemaker", "CreateDomain", "DeleteDomain", "UpdateDomain"),
        "aws_sagemaker_endpoint": _of(
            "sagemaker", "CreateEndpoint", "DeleteEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"
        ),
        "aws_sagemaker_endpoint_configuration": _of("sagemaker", "CreateEndpointConfig", "DeleteEndpointConfig"),
        "aws_sagemaker_feature_group": _of(
            "sagemaker",
            "CreateFeatureGroup",
            "DeleteFeatureGroup",
            "DeleteResourcePolicy",
            "PutResourcePolicy",
            "UpdateFeatureGroup",
        ),
        "aws_sagemaker_mlflow_tracking_server": _of(
            "sagemaker", "CreateMlflowTrackingServer", "DeleteMlflowTrackingServer", "UpdateMlflowTrackingServer"
        ),
        "aws_sagemaker_model": _of("sagemaker", "CreateModel", "DeleteModel"),
        "aws_sagemaker_model_package_group": _of("sagemaker", "CreateModelPackageGroup", "DeleteModelPackageGroup"),
        "aws_sagemaker_model_package_group_policy": _of(
            "sagemaker", "DeleteModelPackageGroupPolicy", "PutModelPackageGroupPolicy"
        ),
        "aws_sagemaker_space": (),
        "aws_sagemaker_studio_lifecycle_config": _of(
            "sagemaker", "CreateStudioLifecycleConfig", "DeleteStudioLifecycleConfig"
        ),
        "aws_sagemaker_user_profile": _of("sagemaker", "CreateUserProfile", "DeleteUserProfile", "UpdateUserProfile"),
        "aws_security_group": _of("ec2", "CreateSecurityGroup", "DeleteSecurityGroup"),
        "aws_sns_topic": _TOPIC,
        "aws_sns_topic_policy": _TOPIC,
        "aws_sns_topic_subscription": _of("sns", "SetSubscriptionAttributes", "Subscribe", "Unsubscribe"),
        "aws_sqs_queue": _QUEUE,
        "aws_sqs_queue_policy": _QUEUE,
        "aws_ssm_document": _of(
            "ssm",
            "CreateDocument",
            "DeleteDocument",
            "ModifyDocumentPermission",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "UpdateDocumentMetadata",
        ),
        "aws_ssm_parameter": _of("ssm", "DeleteParameter", "DeleteParameters"),
        "aws_subnet": _of(
            "ec2",
            "AssociateSubnetCidrBlock",
            "CreateNetworkAclEntry",
            "CreateSubnet",
            "DeleteNetworkAclEntry",
            "DeleteSubnet",
            "DisassociateSubnetCidrBlock",
            "ModifySubnetAttribute",
            "ReplaceNetworkAclAssociation",
            "ReplaceNetworkAclEntry",
        ),
        "aws_vpc": _of(
            "ec2",
            "AcceptVpcPeeringConnection",
            "AssociateDhcpOptions",
            "AssociateVpcCidrBlock",
            "AttachVpnGateway",
            "CreateEgressOnlyInternetGateway",
            "CreateTransitGatewayVpcAttachment",
            "CreateVpc",
            "CreateVpcPeeringConnection",
            "DeleteVpc",
            "DisassociateVpcCidrBlock",
            "ModifyVpcAttribute",
            "ModifyVpcTenancy",
        ),
        "aws_vpc_endpoint": _of("ec2", "CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
        "aws_vpc_security_group_egress_rule": _RULES_OUT,
        "aws_vpc_security_group_ingress_rule": _RULES_IN,
    }
)
"""IAM actions that create, change and delete resources, by Terraform resource type.

A type without actions is managed too, but people change such resources in the course of their work.
"""

LEFT_OPEN: Mapping[str, str] = MappingProxyType(
    {
        "budgets:ExecuteBudgetAction": "People approve and reverse the action of a budget.",
        "cloudwatch:DeleteDashboards": "People make dashboards. Drift detection finds changes of managed ones.",
        "cloudwatch:PutDashboard": "People make dashboards. Drift detection finds changes of managed ones.",
        "autoscaling:SetDesiredCapacity": "People start and stop their clusters, with `mlinfra clusters` and by hand.",
        "autoscaling:SetInstanceProtection": "A working node protects itself from scale-in.",
        "autoscaling:TerminateInstanceInAutoScalingGroup": "A node with a broken GPU requests its own replacement.",
        "ec2:CreateTags": "Instances are tagged in the request that starts them. Drift detection finds changed tags.",
        "ec2:DeleteVolume": "Volumes belong to instances and to people, not to a stack.",
        "ec2:TerminateInstances": "Instances are disposable; their group launches new ones.",
        "kms:CreateGrant": "Services that use a key on behalf of a principal receive a grant.",
        "logs:CreateLogGroup": "SageMaker creates the log group of an app or endpoint at its first entry.",
        "sagemaker:AddTags": "Apps and spaces in Studio are tagged by the people who create them.",
        "sagemaker:CreateApp": "People start their notebooks.",
        "sagemaker:CreateModelPackage": "Training registers the models that it creates.",
        "sagemaker:CreateSpace": "People create their own spaces in Studio.",
        "sagemaker:DeleteApp": "People stop their notebooks, and so does the idle shutdown.",
        "sagemaker:DeleteSpace": "People delete the spaces that they created.",
        "sagemaker:UpdateModelPackage": "People approve and reject the versions of a model.",
        "sagemaker:UpdateSpace": "People choose the instance and the storage of their space.",
        "ssm:PutParameter": "The first node of a cluster writes its address, and drift detection its findings.",
    }
)
"""Actions that change managed resources and are not locked, with the reason."""


def managed_actions_of(resource_types: Iterable[str]) -> tuple[str, ...]:
    """The unique actions that create, change and delete resources of `resource_types`, sorted.

    Raises:
        ValueError: if the table lacks a type, with the names of all missing types.
    """
    wanted = sorted(set(resource_types))
    unknown = [each for each in wanted if each not in MANAGED_ACTIONS]
    if unknown:
        message = (
            f"resource_types: no actions are listed for {', '.join(unknown)}. Expected: types of "
            f"mlinfra/catalog/managed_actions.py; add the actions of new ones there."
        )
        raise ValueError(message)
    return tuple(sorted({action for each in wanted for action in MANAGED_ACTIONS[each]}))
