"""The image lock: the release of each image family that is used in each region, committed with the code.

`mlinfra images pin` writes it and a synth reads it, so that the same commit gives the same nodes
after Amazon has released newer images.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlinfra.catalog.image_families import IMAGE_FAMILIES, ImageFamily
from mlinfra.catalog.regions import aws_regions
from mlinfra.command import own_command
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

IMAGE_LOCK_FILE: Final = "environments/images.lock.json"
"""The path of the lock in a project."""

Place = Literal["aws", "local"]
"""The kind of account: AWS and the local AWS have different image ids in regions of the same name."""

_FORMAT = 1
_PLACES: tuple[Place, ...] = ("aws", "local")

CudaVersion = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")]


class ImagePin(BaseModel):
    """One release of an image, in one region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_id: str = Field(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$", description="Its id, ami- and 8 or 17 digits.")
    name: str = Field(min_length=1, description="Its name in DescribeImages, with the version.")
    root_device: str = Field(pattern=r"^/dev/[a-z0-9]+$", description="The device name of its root volume.")
    architecture: Literal["x86_64", "arm64"] = Field(description="The processor architecture.")
    driver: str | None = Field(
        pattern=r"^[0-9]+(\.[0-9]+){1,2}$",
        description="The version of NVIDIA's driver, such as 595.91.07; null: unknown or none.",
    )
    cuda: tuple[CudaVersion, ...] = Field(
        description="The installed CUDA versions, the default one first; empty: unknown or none."
    )
    created: date = Field(description="The day of its creation.")
    found_by: str = Field(pattern=r"^(ssm|name):.+$", description="Its query: ssm:PARAMETER or name:PATTERN.")


@dataclass(frozen=True)
class ImageLock:
    """Every pin of a project: by place, region and name of the image family."""

    pins: Mapping[Place, Mapping[str, Mapping[str, ImagePin]]] = field(default_factory=dict)
    where: str = IMAGE_LOCK_FILE
    """The file's name in messages."""

    @classmethod
    def load(cls, path: Path) -> ImageLock:
        """Read the lock at `path`.

        Raises:
            DeclarationError: with every problem at once: the file is missing, damaged, or not an image lock.
        """
        where = _short(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DeclarationError(where, [f"it is missing. {_write_it()}"]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DeclarationError(where, [f"it cannot be read ({error}). {_repair_it()}"]) from None
        return cls.parse(text, where=where)

    @classmethod
    def parse(cls, text: str, *, where: str = IMAGE_LOCK_FILE) -> ImageLock:
        """Read the lock in `text`.

        Args:
            text: the content of the file.
            where: the file's name in messages. Default: its path in a project.

        Raises:
            DeclarationError: with every problem at once.
        """
        twice: list[str] = []
        try:
            document = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, twice))
        except json.JSONDecodeError as error:
            problem = f"line {error.lineno} is not valid JSON ({error.msg}), as after a merge. {_repair_it()}"
            raise DeclarationError(where, [problem]) from None
        if twice:
            problems = [f"{key!r} is a key twice in one object; keys must be unique." for key in twice]
            raise DeclarationError(where, [*problems[:-1], f"{problems[-1]} {_repair_it()}"])
        if not isinstance(document, dict) or "version" not in document:
            raise DeclarationError(where, [f"it has no 'version'. Expected: version {_FORMAT}. {_repair_it()}"])
        if document["version"] != _FORMAT:
            problem = (
                f"version: {document['version']!r} is not supported by this version of mlinfra. Expected: {_FORMAT}. "
                f"If a newer mlinfra wrote the file, update mlinfra. {_repair_it()}"
            )
            raise DeclarationError(where, [problem])
        places = {key: value for key, value in document.items() if key != "version"}
        pins: dict[Place, dict[str, dict[str, ImagePin]]] = {place: {} for place in _PLACES}
        problems = list(_read(places, pins))
        if problems:
            raise DeclarationError(where, [*problems[:-1], f"{problems[-1]} {_repair_it()}"])
        return cls(pins, where)

    def dump(self) -> str:
        """The lock as text: the same pins give the same bytes."""
        document: dict[str, Any] = {"version": _FORMAT}
        for place, region, family, pin in self:
            document.setdefault(place, {}).setdefault(region, {})[family] = pin.model_dump(mode="json")
        return json.dumps(document, indent=2, sort_keys=True) + "\n"

    def find(self, region: str, family: ImageFamily, *, emulated: bool) -> ImagePin | None:
        """The pin of `family` in `region`, or None."""
        return self.pins.get(_place(emulated=emulated), {}).get(region, {}).get(family.name)

    def pin_for(self, region: str, family: ImageFamily, *, emulated: bool) -> ImagePin:
        """The image for nodes of an environment.

        Args:
            region: the region of the environment.
            family: the kind of image, as `image_family(accelerator)` gives it.
            emulated: True for a local AWS, which has its own image ids.

        Raises:
            DeclarationError: there is no pin; the message has the command that makes one.
        """
        pin = self.find(region, family, emulated=emulated)
        if pin is None:
            raise DeclarationError(self.where, [_missing(region, family, emulated=emulated)])
        return pin

    def with_pin(self, region: str, family: ImageFamily, pin: ImagePin, *, emulated: bool) -> ImageLock:
        """A copy of this lock with `pin` for `family` in `region`."""
        place = _place(emulated=emulated)
        by_region = self.pins.get(place, {})
        by_family = {**by_region.get(region, {}), family.name: pin}
        return replace(self, pins={**self.pins, place: {**by_region, region: by_family}})

    def __iter__(self) -> Iterator[tuple[Place, str, str, ImagePin]]:
        """Every pin with its place, region and family, in order."""
        for place in sorted(self.pins):
            for region, by_family in sorted(self.pins[place].items()):
                for family, pin in sorted(by_family.items()):
                    yield place, region, family, pin


def place_name(*, emulated: bool) -> str:
    """The kind of account of an environment, in words."""
    return "the local AWS" if emulated else "AWS"


def _place(*, emulated: bool) -> Place:
    return "local" if emulated else "aws"


def _missing(region: str, family: ImageFamily, *, emulated: bool) -> str:
    return (
        f"no image of the family {family.name!r} ({family.operating_system}, for {', '.join(family.accelerators)}) is "
        f"pinned for {region} of {place_name(emulated=emulated)}. {_write_it()}"
    )


def _write_it() -> str:
    return f"Run `{own_command()} images pin ENV` for the environment, and commit the file."


def _repair_it() -> str:
    """The way out of a damaged lock, which `images pin` refuses to read as well."""
    return (
        f"Restore it: git checkout -- {IMAGE_LOCK_FILE}. Or delete it, and run `{own_command()} images pin ENV` for "
        f"each environment."
    )


def _short(path: Path) -> str:
    return IMAGE_LOCK_FILE if path.as_posix().endswith(IMAGE_LOCK_FILE) else str(path)


def _once(pairs: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    """The object of `pairs`. Duplicate keys are added to `twice`: the JSON parser would keep the last silently."""
    twice += [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return dict(pairs)


def _read(places: dict[str, Any], pins: dict[Place, dict[str, dict[str, ImagePin]]]) -> Iterator[str]:
    """Put the valid pins into `pins`, and yield the problems of the others."""
    for place, by_region in places.items():
        if place not in _PLACES:
            yield f"{place}: unknown key. Expected: {' or '.join(_PLACES)}."
        elif not isinstance(by_region, dict):
            yield f"{place}: {by_region!r} is not an object. Expected: regions, each with its image families."
        else:
            for region, by_family in by_region.items():
                yield from _read_region(f"{place}.{region}", by_family, pins[place].setdefault(region, {}))


def _read_region(where: str, by_family: object, pins: dict[str, ImagePin]) -> Iterator[str]:
    if where.partition(".")[2] not in aws_regions():
        yield f"{where}: not an AWS region. Expected: a region such as us-east-1."
    elif not isinstance(by_family, dict):
        yield f"{where}: {by_family!r} is not an object. Expected: image families, each with its pin."
    else:
        for family, value in by_family.items():
            if family not in IMAGE_FAMILIES:
                yield f"{where}.{family}: unknown image family. Expected: {', '.join(IMAGE_FAMILIES)}."
                continue
            try:
                pins[family] = pin = ImagePin.model_validate(value)
            except ValidationError as error:
                yield from _describe(f"{where}.{family}", error)
            else:
                yield from _misplaced(f"{where}.{family}", IMAGE_FAMILIES[family], pin)


def _misplaced(where: str, family: ImageFamily, pin: ImagePin) -> Iterator[str]:
    """Signs that a pin is below the wrong family: nodes would boot without their driver."""
    if not family.has_release(pin.name):
        yield f"{where}.name: {pin.name!r} is not a release of this family. Expected: {family.name_pattern}"
    if pin.architecture != family.architecture:
        yield (
            f"{where}.architecture: {pin.architecture!r} is not the architecture of this family. Expected: "
            f"{family.architecture}."
        )


def _describe(where: str, error: ValidationError) -> Iterator[str]:
    for each in error.errors():
        location = ".".join([where, *(str(part) for part in each["loc"])])
        known = ImagePin.model_fields.get(str(each["loc"][0])) if each["loc"] else None
        expected = f" Expected: {known.description}" if known and known.description else ""
        given = (
            "missing" if each["type"] == "missing" else f"{each['input']!r}: {each['msg'][0].lower()}{each['msg'][1:]}"
        )
        yield f"{location}: {given}.{expected}"
