"""The image lock: what is read from it, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from mlinfra.catalog.image_families import IMAGE_FAMILIES, OPEN_DRIVER, PROPRIETARY_DRIVER
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock, ImagePin
from mlinfra.errors import DeclarationError
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "images pin ENV` for the environment, and commit the file."
REPAIR = "Restore it: git checkout -- environments/images.lock.json. Or delete it, and run `"


def a_pin(**changes: Any) -> ImagePin:
    values = {
        "image_id": "ami-0123456789abcdef0",
        "name": "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260917",
        "root_device": "/dev/sda1",
        "architecture": "x86_64",
        "driver": "595.91.07",
        "cuda": ("13.2", "12.8"),
        "created": "2026-09-17",
        "found_by": OPEN_DRIVER.found_by,
    } | changes
    return ImagePin.model_validate(values)


def a_document(pin: dict[str, Any] | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False).dump()
    )
    document["aws"]["us-east-1"]["open-driver"] |= pin or {}
    return document


def refusal(text: str | dict[str, Any]) -> str:
    with pytest.raises(DeclarationError) as refused:
        ImageLock.parse(text if isinstance(text, str) else json.dumps(text))
    message = str(refused.value)
    assert message.startswith(f"{IMAGE_LOCK_FILE}: ")
    assert message.count(REPAIR) == 1
    return message


def test_a_pin_is_found_by_region_and_family() -> None:
    lock = ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False)
    assert lock.pin_for("us-east-1", OPEN_DRIVER, emulated=False) == a_pin()


def test_the_local_aws_has_pins_of_its_own() -> None:
    local = a_pin(image_id="ami-00000001")
    lock = ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False)
    lock = lock.with_pin("us-east-1", OPEN_DRIVER, local, emulated=True)
    assert lock.pin_for("us-east-1", OPEN_DRIVER, emulated=True) == local
    assert lock.pin_for("us-east-1", OPEN_DRIVER, emulated=False) == a_pin()


@pytest.mark.parametrize(
    ("region", "emulated", "place"),
    [("eu-west-1", False, "eu-west-1 of AWS"), ("us-east-1", True, "us-east-1 of the local AWS")],
)
def test_a_missing_pin_names_the_command(region: str, place: str, *, emulated: bool) -> None:
    lock = ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False)
    with pytest.raises(DeclarationError) as refused:
        lock.pin_for(region, OPEN_DRIVER, emulated=emulated)
    assert "no image of the family 'open-driver' (Ubuntu 22.04, for t4, a10g, " in str(refused.value)
    assert f"is pinned for {place}. Run `" in str(refused.value)
    assert COMMAND in str(refused.value)


def test_what_is_written_is_read_again_and_gives_the_same_bytes() -> None:
    lock = ImageLock().with_pin("us-west-2", OPEN_DRIVER, a_pin(), emulated=False)
    lock = lock.with_pin("us-east-1", OPEN_DRIVER, a_pin(driver=None, cuda=()), emulated=False)
    text = lock.dump()
    assert ImageLock.parse(text).dump() == text
    assert text.endswith("}\n")
    assert text.index('"us-east-1"') < text.index('"us-west-2"')
    assert [(place, region) for place, region, _, _ in ImageLock.parse(text)] == [
        ("aws", "us-east-1"),
        ("aws", "us-west-2"),
    ]


def test_a_lock_without_pins_is_only_its_version() -> None:
    assert ImageLock().dump() == ImageLock.parse('{"version": 1, "aws": {"us-east-1": {}}}').dump()
    assert json.loads(ImageLock().dump()) == {"version": 1}


def test_the_lock_does_not_depend_on_the_order_of_pinning() -> None:
    v100 = a_pin(name=PROPRIETARY_DRIVER.name_pattern.replace("*", "71.6"))
    one = ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False)
    one = one.with_pin("us-east-1", PROPRIETARY_DRIVER, v100, emulated=False)
    other = ImageLock().with_pin("us-east-1", PROPRIETARY_DRIVER, v100, emulated=False)
    other = other.with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False)
    assert one.dump() == other.dump()


def test_a_pin_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        a_pin().image_id = "ami-00000001"  # type: ignore[misc]


def test_a_lock_that_is_missing_is_refused_with_the_command(tmp_path: Path) -> None:
    path = tmp_path / IMAGE_LOCK_FILE
    with pytest.raises(DeclarationError, match="it is missing") as refused:
        ImageLock.load(path)
    assert str(refused.value).startswith(f"{IMAGE_LOCK_FILE}: 1 problem")
    assert COMMAND in str(refused.value)


def test_a_lock_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="it cannot be read"):
        ImageLock.load(tmp_path)


def test_a_lock_with_the_marks_of_a_merge_is_refused() -> None:
    text = ImageLock().with_pin("us-east-1", OPEN_DRIVER, a_pin(), emulated=False).dump()
    assert "line 2 is not valid JSON" in refusal(text.replace("{\n", "{\n<<<<<<< HEAD\n", 1))


def test_a_family_that_is_pinned_twice_is_refused() -> None:
    one = json.dumps(a_document()["aws"]["us-east-1"]["open-driver"])
    text = f'{{"version": 1, "aws": {{"us-east-1": {{"open-driver": {one}, "open-driver": {one}}}}}}}'
    assert "'open-driver' is a key twice in one object; keys must be unique." in refusal(text)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_of_the_format_is_refused(version: object) -> None:
    message = refusal(a_document() | {"version": version})
    assert f"version: {version!r} is not supported by this version of mlinfra. Expected: 1." in message


@pytest.mark.parametrize("text", ["[]", "{}", '"a"', "null"])
def test_a_lock_without_a_version_is_refused(text: str) -> None:
    assert "it has no 'version'. Expected: version 1." in refusal(text)


@pytest.mark.parametrize(
    "image_id", ["ami-012", "ami-0123456789ABCDEF0", "i-0123456789abcdef0", "resolve:ssm:/x", 7, ""]
)
def test_an_id_of_another_form_is_refused(image_id: object) -> None:
    message = refusal(a_document({"image_id": image_id}))
    assert f"aws.us-east-1.open-driver.image_id: {image_id!r}: " in message
    assert "Expected: Its id, ami- and 8 or 17 digits." in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("driver", "newest"),
        ("driver", ""),
        ("cuda", "13.2"),
        ("cuda", ["13"]),
        ("created", "soon"),
        ("root_device", "sda1"),
        ("found_by", "luck"),
        ("colour", "blue"),
    ],
)
def test_a_field_that_is_wrong_is_refused_by_its_name(field: str, value: object) -> None:
    assert f"aws.us-east-1.open-driver.{field}" in refusal(a_document({field: value}))


@pytest.mark.parametrize("field", list(ImagePin.model_fields))
def test_a_field_that_is_missing_is_refused_by_its_name(field: str) -> None:
    document = a_document()
    del document["aws"]["us-east-1"]["open-driver"][field]
    assert f"aws.us-east-1.open-driver.{field}: missing. Expected: " in refusal(document)


def test_a_pin_below_the_wrong_family_is_refused() -> None:
    document = a_document()
    regions = document["aws"]["us-east-1"]
    regions["proprietary-driver"] = regions.pop("open-driver")
    message = refusal(document)
    assert "aws.us-east-1.proprietary-driver.name: 'Deep Learning Base OSS" in message
    assert f"is not a release of this family. Expected: {PROPRIETARY_DRIVER.name_pattern}" in message


def test_a_pin_for_another_processor_is_refused() -> None:
    message = refusal(a_document({"architecture": "arm64"}))
    assert (
        "aws.us-east-1.open-driver.architecture: 'arm64' is not the architecture of this family. Expected: x86_64."
        in message
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"azure": {}}, "azure: unknown key. Expected: aws or local."),
        ({"aws": []}, "aws: [] is not an object."),
        ({"aws": {"us-east-99": {}}}, "aws.us-east-99: not an AWS region."),
        ({"aws": {"us-east-1": 1}}, "aws.us-east-1: 1 is not an object."),
        ({"aws": {"us-east-1": {"closed-driver": {}}}}, "aws.us-east-1.closed-driver: unknown image family."),
        ({"aws": {"us-east-1": {"open-driver": 1}}}, "aws.us-east-1.open-driver: 1: "),
    ],
)
def test_an_entry_in_the_wrong_section_is_refused(changed: dict[str, Any], problem: str) -> None:
    assert problem in refusal(a_document() | changed)


def test_every_problem_is_reported_at_once() -> None:
    document = a_document({"image_id": "x", "driver": "y"})
    document["local"] = {"nowhere": {}}
    message = refusal(document)
    assert all(each in message for each in ("image_id: 'x'", "driver: 'y'", "local.nowhere"))


def test_the_lock_of_this_repository_is_valid_and_in_canonical_form() -> None:
    text = (ROOT / IMAGE_LOCK_FILE).read_text(encoding="utf-8")
    lock = ImageLock.parse(text)
    assert lock.dump() == text
    assert lock.pin_for("us-east-1", IMAGE_FAMILIES["open-driver"], emulated=True)


def test_every_local_pin_of_this_repository_is_an_image_of_the_local_aws() -> None:
    there = {each.name: each for each in DEEP_LEARNING_IMAGES}
    local = [(region, pin) for place, region, _, pin in ImageLock.load(ROOT / IMAGE_LOCK_FILE) if place == "local"]
    assert [pin.image_id for _, pin in local] == [there[pin.name].image_id(region) for region, pin in local]
    assert len(local) == len(IMAGE_FAMILIES)
