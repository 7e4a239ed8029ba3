"""The data lake: zone buckets with policies, lifecycles, replication and a query catalog."""

from __future__ import annotations

from mlinfra.constructs.data_lake.access import DataLakeAccess
from mlinfra.constructs.data_lake.catalog import DataCatalog
from mlinfra.constructs.data_lake.lake import DataLake
from mlinfra.constructs.data_lake.lifecycle import Lifecycle
from mlinfra.constructs.data_lake.object_lock import ObjectLock
from mlinfra.constructs.data_lake.replication import Replication

__all__ = ["DataCatalog", "DataLake", "DataLakeAccess", "Lifecycle", "ObjectLock", "Replication"]
