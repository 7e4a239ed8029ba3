"""Gap: processor time of the public images, at the first request after a reset.

moto creates some 1,300 images of each region, with a volume and a snapshot each, whenever EC2 of a region is created:
nine tenths of its creation. This gap creates them once per process, and copies them. Measured
2026-11-29 with moto 5.2.5.
"""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

from moto.ec2.models.amis import Ami, AmiBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.ec2.models.elastic_block_store import Snapshot

_created: dict[tuple[str, str], list[Ami]] = {}
"""Images by account and region, of no backend. Requests use copies only."""


def is_open() -> bool:
    """True if moto creates images one by one."""
    return "Ami" in inspect.unwrap(AmiBackend._load_amis).__code__.co_names  # noqa: SLF001


def close() -> None:
    """Close the gap: copy the images that were created first, with their snapshots."""
    wrap(AmiBackend, "_load_amis", _load)


def _load(original: Callable[..., None], backend: Any) -> None:  # noqa: ANN401  moto's backend is made of mixins
    owner = (backend.account_id, backend.region_name)
    if owner not in _created:
        original(backend)
        _created[owner] = [_copy_of(each, None) for each in backend.amis.values()]
        return
    for each in _created[owner]:
        image = _copy_of(each, backend)
        backend.amis[image.id] = image
        backend.snapshots[image.ebs_snapshot.id] = image.ebs_snapshot


def _copy_of(image: Ami, backend: Any) -> Ami:  # noqa: ANN401  as above
    """An image with its snapshot for another backend. Both share with the original only what requests do not change."""
    image = copy.copy(image)
    image.ec2_backend = backend
    image.launch_permissions = list(image.launch_permissions)
    snapshot: Snapshot = copy.copy(image.ebs_snapshot)
    snapshot.ec2_backend = backend
    snapshot.create_volume_permission_groups = set(snapshot.create_volume_permission_groups)
    snapshot.create_volume_permission_userids = set(snapshot.create_volume_permission_userids)
    image.ebs_snapshot = snapshot
    return image
