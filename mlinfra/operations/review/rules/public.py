"""Resources that are reachable from the internet, and blocks of public access."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.change import UNKNOWN
from mlinfra.operations.review.finding import Level, Rule
from mlinfra.operations.review.guards import (
    NOT_TRUE,
    Guard,
    added,
    becomes,
    born,
    born_off,
    born_on,
    ceases,
    emptied,
    for_types,
    gone,
    is_off,
    large_network,
    merged,
    names,
    new,
    turned_off,
    turned_on,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


PUBLIC: Final = Rule(
    "MLR311",
    Level.HOLD,
    "A resource is reachable from the internet, or its content is public.",
    "Keep it private: use private subnets and VPC endpoints, and grant access to known principals.",
)
REACHABLE: Final = Rule(
    "MLR312",
    Level.WARNING,
    "A resource gets a way from or to the internet.",
    "Check that the way is needed. Use a NAT gateway for outbound traffic, and VPC endpoints for AWS.",
)
UNBLOCKED: Final = Rule(
    "MLR313",
    Level.HOLD,
    "A block of public access is removed, or created without effect.",
    "Keep all blocks. Access for known principals needs no public policy.",
)
RULES: Final = (PUBLIC, REACHABLE, UNBLOCKED)

_BLOCKS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_PUBLIC_ACLS: Final = ("public-read", "public-read-write", "authenticated-read", "website")
_ACCOUNT_BLOCK: Final = "The block of public access of {name} is disabled"


def _blocks(prefix: str = "") -> tuple[Guard, ...]:
    return tuple(
        Guard(UNBLOCKED, f"{prefix}{each}", is_off(), f"{{name}} is without the block `{each}`") for each in _BLOCKS
    )


_STORAGE: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_s3_bucket_website_configuration": (Guard(PUBLIC, "", new(), "{name} becomes a website"),),
    "aws_s3_bucket": (Guard(PUBLIC, "website", added(), "{name} becomes a website"),),
    "aws_s3_bucket_public_access_block": tuple(
        Guard(UNBLOCKED, each, born_off(), f"{{name}} is created without the block `{each}`") for each in _BLOCKS
    ),
    "aws_s3_account_public_access_block": tuple(
        Guard(UNBLOCKED, each, born_off(), f"The account has no block `{each}`") for each in _BLOCKS
    ),
    "aws_s3_access_point": (
        *_blocks("public_access_block_configuration.0."),
        Guard(PUBLIC, "vpc_configuration", emptied(), "The access point {name} is reachable from the internet"),
    ),
    "aws_s3control_multi_region_access_point": _blocks("details.0.public_access_block.0."),
    "aws_s3_bucket_cors_configuration": (
        Guard(REACHABLE, "cors_rule.*.allowed_origins", names('"*"'), "{name} admits scripts of any origin"),
    ),
    "aws_ecrpublic_repository": (Guard(PUBLIC, "", new(), "The public repository {name} is created"),),
    "aws_ebs_snapshot_block_public_access": (
        Guard(UNBLOCKED, "state", born("unblocked"), _ACCOUNT_BLOCK.replace("{name}", "snapshots")),
    ),
    "aws_ec2_image_block_public_access": (
        Guard(UNBLOCKED, "state", becomes("unblocked"), _ACCOUNT_BLOCK.replace("{name}", "images")),
        Guard(UNBLOCKED, "", gone(), _ACCOUNT_BLOCK.replace("{name}", "images")),
    ),
    "aws_emr_block_public_access_configuration": (
        Guard(UNBLOCKED, "block_public_security_group_rules", is_off(), _ACCOUNT_BLOCK.replace("{name}", "EMR")),
        Guard(UNBLOCKED, "", gone(), _ACCOUNT_BLOCK.replace("{name}", "EMR")),
    ),
    "aws_secretsmanager_secret_policy": (
        Guard(UNBLOCKED, "block_public_policy", turned_off(), "Public policies of the secret {name} are not blocked"),
    ),
    "aws_lightsail_bucket": (Guard(PUBLIC, "", new(), "The bucket {name} is created outside of S3's access blocks"),),
}
_OBJECTS: Final = for_types(
    ("s3_object", "s3_bucket_object", "s3_object_copy"),
    Guard(PUBLIC, "acl", becomes(*_PUBLIC_ACLS), "The access control list of an object of {name} makes it public"),
)
_ACCESSIBLE: Final = for_types(
    (
        *("rds_cluster_instance", "neptune_cluster_instance", "redshiftserverless_workgroup", "m2_environment"),
        *(
            "dms_replication_instance",
            "mq_broker",
            "lightsail_database",
            "rds_shard_group",
            "timestreaminfluxdb_db_instance",
        ),
    ),
    Guard(PUBLIC, "publicly_accessible", turned_on(), "{name} is reachable from the internet"),
)
_BORN_ACCESSIBLE: Final = for_types(
    ("db_instance", "redshift_cluster"),
    Guard(PUBLIC, "publicly_accessible", born_on(), "{name} is reachable from the internet"),
)
_BALANCERS: Final = for_types(
    ("lb", "alb", "elb"),
    Guard(PUBLIC, "internal", becomes(*NOT_TRUE), "The load balancer {name} is reachable from the internet"),
)
_COMPUTE: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_instance": (
            Guard(PUBLIC, "associate_public_ip_address", turned_on(), "The instance {name} gets a public address"),
            Guard(REACHABLE, "ipv6_address_count", added(), "The instance {name} gets IPv6 addresses"),
        ),
        "aws_launch_template": (
            Guard(
                PUBLIC,
                "network_interfaces.*.associate_public_ip_address",
                turned_on(),
                "Instances of {name} get public addresses",
            ),
        ),
        "aws_spot_fleet_request": (
            Guard(
                PUBLIC,
                "launch_specification.*.associate_public_ip_address",
                turned_on(),
                "Instances of {name} get public addresses",
            ),
        ),
        "aws_batch_job_definition": (
            Guard(
                PUBLIC,
                "container_properties",
                names('"assignPublicIp":"ENABLED"'),
                "Jobs of {name} get public addresses",
            ),
        ),
        "aws_sagemaker_notebook_instance": (
            Guard(
                PUBLIC, "direct_internet_access", becomes("Enabled"), "The notebook {name} has direct internet access"
            ),
        ),
        "aws_apprunner_service": (
            Guard(
                PUBLIC,
                "network_configuration.0.ingress_configuration.0.is_publicly_accessible",
                turned_on(),
                "The service {name} is reachable from the internet",
            ),
        ),
        "aws_mwaa_environment": (
            Guard(PUBLIC, "webserver_access_mode", becomes("PUBLIC_ONLY"), "The web server of {name} is public"),
        ),
        "aws_neptunegraph_graph": (Guard(PUBLIC, "public_connectivity", turned_on(), "The graph {name} is public"),),
        "aws_transfer_server": (
            Guard(PUBLIC, "endpoint_type", becomes("PUBLIC"), "The file server {name} is reachable from the internet"),
        ),
        "aws_msk_cluster": (
            Guard(
                PUBLIC,
                "broker_node_group_info.0.connectivity_info.0.public_access.0.type",
                becomes("SERVICE_PROVIDED_EIPS"),
                "The brokers of {name} are reachable from the internet",
            ),
            Guard(
                PUBLIC, "client_authentication.0.unauthenticated", turned_on(), "{name} admits unauthenticated clients"
            ),
        ),
        "aws_codebuild_project": (
            Guard(
                PUBLIC, "project_visibility", becomes("PUBLIC_READ"), "Builds of {name}, with their logs, are public"
            ),
        ),
        "aws_lightsail_instance_public_ports": (
            Guard(
                PUBLIC, "port_info.*.cidrs", large_network(), "The instance of {name} is reachable from the internet"
            ),
        ),
        "aws_medialive_input_security_group": (
            Guard(
                PUBLIC, "whitelist_rules.*.cidr", large_network(), "Inputs of {name} are reachable from the internet"
            ),
        ),
        "aws_sagemaker_workforce": (
            Guard(
                PUBLIC, "source_ip_config.0.cidrs", large_network(), "The portal of {name} is reachable from everywhere"
            ),
        ),
    },
    for_types(
        ("launch_configuration", "spot_instance_request"),
        Guard(PUBLIC, "associate_public_ip_address", turned_on(), "Instances of {name} get public addresses"),
    ),
    for_types(
        ("ecs_service", "ecs_task_set"),
        Guard(PUBLIC, "network_configuration.0.assign_public_ip", turned_on(), "Tasks of {name} get public addresses"),
    ),
)
_APPLICATIONS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_cognito_identity_pool": (
            Guard(PUBLIC, "allow_unauthenticated_identities", turned_on(), "{name} gives credentials to anyone"),
        ),
        "aws_opensearch_domain": (
            Guard(
                PUBLIC,
                "advanced_security_options.0.anonymous_auth_enabled",
                turned_on(),
                "{name} admits unauthenticated requests",
            ),
            Guard(PUBLIC, "vpc_options", emptied(), "The domain {name} is reachable from the internet"),
            Guard(REACHABLE, "vpc_options", born(None, []), "The domain {name} is created outside of a VPC"),
        ),
        "aws_opensearchserverless_security_policy": (
            Guard(
                PUBLIC,
                "policy",
                names('"AllowFromPublic":true'),
                "Collections of {name} are reachable from the internet",
            ),
        ),
        "aws_api_gateway_method": (
            Guard(REACHABLE, "authorization", born("NONE"), "A method of an API accepts unauthenticated requests"),
        ),
        "aws_apigatewayv2_route": (
            Guard(REACHABLE, "authorization_type", born("NONE"), "A route of an API accepts unauthenticated requests"),
        ),
        "aws_api_gateway_rest_api": (
            Guard(
                PUBLIC,
                "endpoint_configuration.0.types",
                names("EDGE", "REGIONAL"),
                "The API {name} is reachable from the internet",
            ),
            Guard(REACHABLE, "endpoint_configuration", born(None, [], UNKNOWN), "The API {name} is created public"),
        ),
        "aws_appsync_graphql_api": (
            Guard(REACHABLE, "authentication_type", becomes("API_KEY"), "The API {name} admits all holders of a key"),
            Guard(PUBLIC, "visibility", ceases("PRIVATE"), "The API {name} is reachable from the internet"),
        ),
        "aws_cloudfront_distribution": (
            Guard(REACHABLE, "", new(), "A distribution makes its origins reachable from the internet"),
            Guard(
                PUBLIC, "origin.*.origin_access_control_id", emptied(), "Origins of {name} lose their access control"
            ),
            Guard(
                REACHABLE,
                "default_cache_behavior.0.viewer_protocol_policy",
                becomes("allow-all"),
                "{name} accepts unencrypted requests",
            ),
        ),
        "aws_globalaccelerator_accelerator": (
            Guard(REACHABLE, "", new(), "{name} gives its endpoints public addresses"),
        ),
        "aws_grafana_workspace": (
            Guard(PUBLIC, "network_access_control", emptied(), "{name} is reachable from the internet"),
        ),
        "aws_cloud9_environment_ec2": (
            Guard(REACHABLE, "connection_type", becomes("CONNECT_SSH", None), "The instance of {name} accepts SSH"),
        ),
        "aws_verifiedaccess_endpoint": (
            Guard(REACHABLE, "", new(), "An application becomes reachable from the internet"),
        ),
    },
    for_types(
        ("elasticsearch_domain",),
        Guard(PUBLIC, "vpc_options", emptied(), "The domain {name} is reachable from the internet"),
        Guard(REACHABLE, "vpc_options", born(None, []), "The domain {name} is created outside of a VPC"),
    ),
    for_types(
        ("vpclattice_service", "vpclattice_service_network"),
        Guard(PUBLIC, "auth_type", becomes("NONE"), "{name} accepts unauthenticated requests"),
    ),
    for_types(
        ("lb_listener", "alb_listener"),
        Guard(
            REACHABLE,
            "default_action.*.authenticate_oidc.*.on_unauthenticated_request",
            becomes("allow"),
            "{name} allows unauthenticated requests",
        ),
        Guard(REACHABLE, "protocol", becomes("HTTP"), "A listener accepts unencrypted requests"),
    ),
)
_NETWORK: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_vpc": (
            Guard(REACHABLE, "assign_generated_ipv6_cidr_block", turned_on(), "{name} gets public IPv6 addresses"),
        ),
        "aws_vpc_ipv6_cidr_block_association": (Guard(REACHABLE, "", new(), "A VPC gets public IPv6 addresses"),),
        "aws_eip": (
            Guard(REACHABLE, "instance", added(), "The instance of {name} gets a public address"),
            Guard(REACHABLE, "network_interface", added(), "The network interface of {name} gets a public address"),
        ),
        "aws_eip_association": (Guard(REACHABLE, "", new(), "A resource gets a public address"),),
        "aws_internet_gateway_attachment": (Guard(REACHABLE, "", new(), "A VPC gets an internet gateway"),),
        "aws_internet_gateway": (Guard(REACHABLE, "", new(), "An internet gateway is created"),),
        "aws_vpc_block_public_access_options": (
            Guard(UNBLOCKED, "internet_gateway_block_mode", becomes("off"), "VPCs are open to the internet"),
            Guard(UNBLOCKED, "internet_gateway_block_mode", ceases("block-bidirectional"), "VPCs are less closed"),
            Guard(UNBLOCKED, "", gone(), "The block of public access of VPCs is removed"),
        ),
        "aws_vpc_block_public_access_exclusion": (
            Guard(UNBLOCKED, "", new(), "A VPC or subnet is excluded from the block of public access"),
        ),
        "aws_ec2_managed_prefix_list": (
            Guard(PUBLIC, "entry.*.cidr", large_network(), "The prefix list {name} contains the internet"),
        ),
        "aws_ec2_managed_prefix_list_entry": (
            Guard(PUBLIC, "cidr", large_network(), "A prefix list contains the internet"),
        ),
        "aws_ec2_client_vpn_authorization_rule": (
            Guard(PUBLIC, "authorize_all_groups", turned_on(), "All users of a VPN are authorized"),
            Guard(REACHABLE, "", new(), "Users of a VPN get access to a network"),
        ),
        "aws_ec2_serial_console_access": (Guard(PUBLIC, "enabled", turned_on(), "Serial consoles are enabled"),),
        "aws_wafv2_ip_set": (
            Guard(REACHABLE, "addresses", large_network(), "The address set {name} contains the internet"),
        ),
    },
    for_types(
        ("subnet", "default_subnet"),
        Guard(PUBLIC, "map_public_ip_on_launch", turned_on(), "Instances in the subnet {name} get public addresses"),
        Guard(
            REACHABLE,
            "assign_ipv6_address_on_creation",
            turned_on(),
            "Instances in the subnet {name} get IPv6 addresses",
        ),
    ),
)
TABLE: Final = merged(_STORAGE, _OBJECTS, _ACCESSIBLE, _BORN_ACCESSIBLE, _BALANCERS, _COMPUTE, _APPLICATIONS, _NETWORK)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check resources that become public, or are created public."""
