"""Facts about what AWS offers: instance types, prices, regions, images. Data and typed readers, no cdktf."""

from __future__ import annotations

from mlinfra.catalog.hosting import expect_hosting_type, has_local_disks
from mlinfra.catalog.image_families import IMAGE_FAMILIES, IMAGE_OWNER, ImageFamily, image_families_of, image_family
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock, ImagePin, place_name
from mlinfra.catalog.image_releases import image_release
from mlinfra.catalog.images import NodeImage, gpu_image_family
from mlinfra.catalog.instances import InstanceType, instance_types
from mlinfra.catalog.managed_actions import MANAGED_ACTIONS, managed_actions_of
from mlinfra.catalog.offers import Choice, NoOffer, by_name, cheapest, find_offers, gpu_model, gpu_models, gpu_name
from mlinfra.catalog.price_lock import PRICE_LOCK_FILE, PriceLock, RefreshableKind, RefreshedPrices
from mlinfra.catalog.prices import (
    Rate,
    ReservationTerm,
    SageMakerComponent,
    SpotRange,
    block_rate,
    ec2_rate,
    is_old,
    reserved_rate,
    sagemaker_rate,
    service_rate,
    spot_prices_by_zone,
    spot_range,
    use_refreshed_prices,
)
from mlinfra.catalog.provider_upgrade import REMOVED_BY_PROVIDER_6, is_added_by_provider_6
from mlinfra.catalog.quotas import Quota, QuotaKind, quota_of, quotas_of, service_quotas
from mlinfra.catalog.regions import aws_regions
from mlinfra.catalog.studio import studio_instance_types, unknown_studio_types
from mlinfra.catalog.tag_support import STANDARD_TAGS, taggable_types
from mlinfra.catalog.volumes import VolumePerformance, ebs_throughput, root_volume_performance
from mlinfra.catalog.zones import ZONES_AS_OF, zone_ids_offering
from mlinfra.functions.prices import PRICES_AS_OF, on_demand_prices

__all__ = [
    "IMAGE_FAMILIES",
    "IMAGE_LOCK_FILE",
    "IMAGE_OWNER",
    "MANAGED_ACTIONS",
    "PRICES_AS_OF",
    "PRICE_LOCK_FILE",
    "REMOVED_BY_PROVIDER_6",
    "STANDARD_TAGS",
    "ZONES_AS_OF",
    "Choice",
    "ImageFamily",
    "ImageLock",
    "ImagePin",
    "InstanceType",
    "NoOffer",
    "NodeImage",
    "PriceLock",
    "Quota",
    "QuotaKind",
    "Rate",
    "RefreshableKind",
    "RefreshedPrices",
    "ReservationTerm",
    "SageMakerComponent",
    "SpotRange",
    "VolumePerformance",
    "aws_regions",
    "block_rate",
    "by_name",
    "cheapest",
    "ebs_throughput",
    "ec2_rate",
    "expect_hosting_type",
    "find_offers",
    "gpu_image_family",
    "gpu_model",
    "gpu_models",
    "gpu_name",
    "has_local_disks",
    "image_families_of",
    "image_family",
    "image_release",
    "instance_types",
    "is_added_by_provider_6",
    "is_old",
    "managed_actions_of",
    "on_demand_prices",
    "place_name",
    "quota_of",
    "quotas_of",
    "reserved_rate",
    "root_volume_performance",
    "sagemaker_rate",
    "service_quotas",
    "service_rate",
    "spot_prices_by_zone",
    "spot_range",
    "studio_instance_types",
    "taggable_types",
    "unknown_studio_types",
    "use_refreshed_prices",
    "zone_ids_offering",
]
