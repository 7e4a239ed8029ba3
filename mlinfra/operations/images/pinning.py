"""Pins of machine images: `mlinfra images pin` writes the image lock, `mlinfra images diff` shows the changes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mlinfra.catalog import (
    IMAGE_FAMILIES,
    IMAGE_LOCK_FILE,
    ImageLock,
    ImagePin,
    image_families_of,
    image_family,
    place_name,
)
from mlinfra.command import own_command
from mlinfra.declarations import write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, endpoint_is_on_this_machine
from mlinfra.operations.images.newest import NewestImage, in_region, newest_image, use_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mlinfra.catalog import ImageFamily
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import Progress


@dataclass(frozen=True)
class PinChange:
    """The pin of one image family in one region, before and after."""

    region: str
    emulated: bool
    """True if it is a region of the local AWS."""
    family: ImageFamily
    before: ImagePin | None
    """The pinned image; None: no image is pinned."""
    after: ImagePin
    """The newest image."""
    clusters: tuple[str, ...]
    """The clusters that boot from it, as `dev/two-tower-v2`."""
    warnings: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The differing fields of the pin; empty if the newest image is pinned."""
        before = self.before.model_dump() if self.before else {}
        return tuple(name for name, value in self.after.model_dump().items() if before.get(name, ...) != value)

    @property
    def replaces_image(self) -> bool:
        """True if the image changes, not only its description."""
        return self.before is not None and self.before.image_id != self.after.image_id


@dataclass
class _Need:
    """The clusters of one region that require an image family."""

    clusters: list[str] = field(default_factory=list)
    instance_types: set[str] = field(default_factory=set)


@dataclass
class _Region:
    """A region of AWS or of the local AWS, and the required families."""

    name: str
    emulated: bool
    account: AwsAccount
    needs: dict[str, _Need] = field(default_factory=dict)


def pin_images(
    environments: Sequence[Environment],
    root: Path,
    progress: Progress,
    *,
    families: Sequence[str] = (),
    every: bool = False,
    driver: str | None = None,
    cuda: Sequence[str] = (),
) -> tuple[PinChange, ...]:
    """Write the newest release of each image family that `environments` require into the image lock.

    Other entries of the lock are not changed. After an error in one environment, the file is unchanged.

    Args:
        environments: the environments. Their accounts are accessed, each in its region.
        root: the project that declares them.
        progress: receives the steps.
        families: the names of the families to pin. Default: those that the experiments require.
        every: True: pin all families. Default: False.
        driver: the version of NVIDIA's driver in the newest release, from its release notes, if it is unknown to
            mlinfra. Default: the known version.
        cuda: the CUDA versions in it, the default version first. Default: the known versions.

    Raises:
        OperationError: if the credentials belong to another account, AWS denies a request, no image is found, several
            have the same date, or `driver` and `cuda` could apply to several images.
        DeclarationError: if the lock file is invalid.
    """
    path = root / IMAGE_LOCK_FILE
    lock = _lock(path)
    changes = tuple(_changes(environments, lock, progress, families=families, every=every))
    if driver or cuda:
        changes = _state(changes, driver, tuple(cuda))
    with progress.step(f"Write {IMAGE_LOCK_FILE}") as step:
        for each in changes:
            lock = lock.with_pin(each.region, each.family, each.after, emulated=each.emulated)
        # Without a pin, no file is made: it would have to be committed before the next deployment.
        step.conclude("written" if changes and _write(path, lock) else "nothing to change")
    return changes


def diff_images(
    environments: Sequence[Environment],
    root: Path,
    progress: Progress,
    *,
    families: Sequence[str] = (),
    every: bool = False,
) -> tuple[PinChange, ...]:
    """The changes that `pin_images` with the same arguments would make. Nothing is written.

    Raises:
        OperationError: if the credentials belong to another account, AWS denies a request, no image is found, or
            several have the same date.
        DeclarationError: if the lock file is invalid.
    """
    return tuple(_changes(environments, _lock(root / IMAGE_LOCK_FILE), progress, families=families, every=every))


def needed_families(environment: Environment) -> tuple[ImageFamily, ...]:
    """The image families that the experiments of `environment` boot from."""
    return image_families_of(
        accelerator for _, _, accelerator in _nodes(environment) if accelerator not in environment.images
    )


def _nodes(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """The cluster, instance type and accelerator of each experiment."""
    for experiment in environment.experiments:
        instance_type = environment.instance_type(experiment)
        yield f"{environment.name}/{experiment.name}", instance_type.name, instance_type.accelerator


def _lock(path: Path) -> ImageLock:
    return ImageLock.load(path) if path.exists() else ImageLock()


def _changes(
    environments: Sequence[Environment],
    lock: ImageLock,
    progress: Progress,
    *,
    families: Sequence[str],
    every: bool,
) -> Iterator[PinChange]:
    chosen = tuple(IMAGE_FAMILIES) if every else _known(families)
    for region in _regions(environments, chosen, progress):
        for name, need in sorted(region.needs.items()):
            family = IMAGE_FAMILIES[name]
            with progress.step(f"Look up {name} in {region.name} of {place_name(emulated=region.emulated)}") as step:
                newest = newest_image(region.account, region.name, family, need.instance_types)
                before = lock.find(region.name, family, emulated=region.emulated)
                change = PinChange(
                    region=region.name,
                    emulated=region.emulated,
                    family=family,
                    before=before,
                    after=_still_known(before, newest.pin),
                    clusters=tuple(need.clusters),
                    warnings=tuple(_all_warnings(region, before, newest, need)),
                )
                step.conclude(f"{newest.pin.image_id}, {newest.pin.created}")
            yield change


def _known(families: Sequence[str]) -> tuple[str, ...]:
    for each in families:
        if each not in IMAGE_FAMILIES:
            message = f"Unknown image family {each!r}. Expected: one of {', '.join(IMAGE_FAMILIES)}."
            raise OperationError(message)
    return tuple(dict.fromkeys(families))


def _regions(environments: Sequence[Environment], chosen: Sequence[str], progress: Progress) -> tuple[_Region, ...]:
    """The regions with the image families they need. All accounts are checked before the first request."""
    regions: dict[tuple[bool, str], _Region] = {}
    for each in environments:
        with progress.step(f"Check the account of {each.name}") as step:
            account = _account(each)
            step.conclude(account.account_id)
        region = regions.setdefault((each.emulated, each.region), _Region(each.region, each.emulated, account))
        for family in chosen or (family.name for family in needed_families(each)):
            need = region.needs.setdefault(family, _Need())
            for cluster, instance_type, accelerator in _nodes(each):
                runs_on = None if accelerator in each.images else image_family(accelerator)
                if runs_on is IMAGE_FAMILIES[family]:
                    need.clusters.append(cluster)
                    need.instance_types.add(instance_type)
    return tuple(regions.values())


def _account(environment: Environment) -> AwsAccount:
    """The environment's account.

    Raises:
        OperationError: if the credentials belong to another account, or the endpoint is a local AWS although the
            environment is not emulated: its image ids would be pinned as Amazon's.
    """
    if not environment.emulated and endpoint_is_on_this_machine():
        message = (
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}, on this machine, and the environment "
            f"{environment.name!r} is not emulated. Image ids of a local AWS are not valid in AWS. Nothing was "
            f"changed. Unset AWS_ENDPOINT_URL."
        )
        raise OperationError(message)
    with in_region(environment.region):
        return account_of(environment)


def _still_known(before: ImagePin | None, newest: ImagePin) -> ImagePin:
    """`newest`, with the driver and CUDA versions that were recorded when the same image was pinned before."""
    if before is None or before.image_id != newest.image_id:
        return newest
    return newest.model_copy(update={"driver": before.driver or newest.driver, "cuda": before.cuda or newest.cuda})


def _all_warnings(region: _Region, before: ImagePin | None, newest: NewestImage, need: _Need) -> Iterator[str]:
    yield from newest.warnings
    if before is not None and before.image_id != newest.pin.image_id:
        yield from use_warnings(region.account, region.name, before, need.instance_types)


def _state(changes: Sequence[PinChange], driver: str | None, cuda: tuple[str, ...]) -> tuple[PinChange, ...]:
    """`changes` with the versions that the user gave for their single release.

    Raises:
        OperationError: if the changes pin several releases, or one without NVIDIA's driver.
    """
    names = sorted({each.after.name for each in changes})
    if len(names) != 1:
        which = "".join(f"\n  {name}" for name in names) or " none"
        message = (
            f"--driver and --cuda apply to one release, but these would be pinned:{which}\nSelect one family, "
            f"such as: {own_command()} images pin ENV --family {next(iter(IMAGE_FAMILIES))} --driver ... --cuda ..."
        )
        raise OperationError(message)
    if not changes[0].family.has_nvidia_driver:
        message = f"{names[0]} contains neither NVIDIA's driver nor CUDA. Omit --driver and --cuda."
        raise OperationError(message)
    return tuple(_stated(each, driver, cuda) for each in changes)


def _stated(change: PinChange, driver: str | None, cuda: tuple[str, ...]) -> PinChange:
    values = change.after.model_dump()
    if driver:
        values["driver"] = driver
    if cuda:
        values["cuda"] = cuda
    try:
        after = ImagePin.model_validate(values)
    except ValidationError as error:
        wrong = ", ".join(f"{each['input']!r}" for each in error.errors())
        message = f"{wrong}: not a version. Expected: such as --driver 595.91.07 --cuda 13.2 --cuda 12.8."
        raise OperationError(message) from error
    return replace(change, after=after)


def _write(path: Path, lock: ImageLock) -> bool:
    """Write `lock` so that a reader sees the old file or the new one. Returns whether it had to be written."""
    text = lock.dump()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    try:
        write_whole(path, text)
    except OSError as error:
        message = f"{path} cannot be written: {error}"
        raise OperationError(message) from error
    return True
