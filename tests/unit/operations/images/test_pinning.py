"""Pinning images and seeing what a newer one would change, against the local AWS."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse

from mlinfra.catalog.image_families import OPEN_DRIVER, PROPRIETARY_DRIVER, ImageFamily
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock, ImagePin
from mlinfra.declarations.image import Image
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from mlinfra.operations.aws.account import AwsAccount, reachable
from mlinfra.operations.images import pinning as operation
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.declarations.environment import Environment
    from mlinfra.operations.images.pinning import PinChange

pytestmark = pytest.mark.usefixtures("local_aws")

ACCOUNT = "123456789012"
OLDER = next(each for each in DEEP_LEARNING_IMAGES if each.name.endswith("(Ubuntu 22.04) 20260907"))
NEWEST = DEEP_LEARNING_IMAGES[0]


def here(instance_type: str = "g4dn.xlarge", **changes: Any) -> Environment:
    values = {
        "name": "local",
        "account_id": ACCOUNT,
        "emulated": True,
        "sizes": {"small": instance_type},
        "experiments": [an_experiment()],
    }
    return an_environment(**(values | changes))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without a lock."""
    (tmp_path / "environments").mkdir()
    return tmp_path


def pin(root: Path, *environments: Environment, **options: Any) -> tuple[PinChange, ...]:
    return operation.pin_images(environments or (here(),), root, Quiet(), **options)


def diff(root: Path, *environments: Environment, **options: Any) -> tuple[PinChange, ...]:
    return operation.diff_images(environments or (here(),), root, Quiet(), **options)


def written(root: Path) -> ImageLock:
    return ImageLock.load(root / IMAGE_LOCK_FILE)


def lock_older(root: Path, **changes: Any) -> ImagePin:
    """A lock that is one release behind."""
    values = {
        "image_id": OLDER.image_id("us-east-1"),
        "name": OLDER.name,
        "root_device": "/dev/sda1",
        "architecture": "x86_64",
        "driver": "595.91.07",
        "cuda": ["13.0"],
        "created": OLDER.created,
        "found_by": OPEN_DRIVER.found_by,
    } | changes
    older = ImagePin.model_validate(values)
    lock = ImageLock().with_pin("us-east-1", OPEN_DRIVER, older, emulated=True)
    (root / IMAGE_LOCK_FILE).write_text(lock.dump())
    return older


def refusal(root: Path, *environments: Environment, **options: Any) -> str:
    """The message for the user. The lock must be unchanged."""
    path = root / IMAGE_LOCK_FILE
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(OperationError) as refused:
        pin(root, *environments, **options)
    assert (path.read_bytes() if path.exists() else None) == before
    return str(refused.value)


class TestPin:
    def test_the_newest_image_is_written_with_all_that_is_known_of_it(self, root: Path) -> None:
        (change,) = pin(root)
        assert (change.before, change.clusters, change.warnings) == (None, ("local/two-tower-v2",), ())
        assert written(root).pin_for("us-east-1", OPEN_DRIVER, emulated=True).model_dump(mode="json") == {
            "image_id": NEWEST.image_id("us-east-1"),
            "name": NEWEST.name,
            "root_device": "/dev/sda1",
            "architecture": "x86_64",
            "driver": "595.91.07",
            "cuda": ["13.2"],
            "created": "2026-09-17",
            "found_by": OPEN_DRIVER.found_by,
        }

    def test_a_v100_gets_the_image_with_the_proprietary_driver(self, root: Path) -> None:
        (change,) = pin(root, here("p3.2xlarge"))
        assert change.family is PROPRIETARY_DRIVER
        assert (change.after.driver, change.after.cuda) == ("570.195.03", ("12.1", "12.2", "12.3"))
        assert change.after.root_device == "/dev/xvda"
        assert change.warnings == ()

    def test_pinning_again_changes_no_byte(self, root: Path) -> None:
        pin(root, every=True)
        path = root / IMAGE_LOCK_FILE
        before = path.read_bytes(), path.stat().st_mtime_ns
        changes = pin(root, every=True)
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before
        assert [each.fields for each in changes] == [()] * 4
        assert [each.name for each in path.parent.iterdir()] == [path.name]

    def test_an_older_image_is_replaced(self, root: Path) -> None:
        older = lock_older(root)
        (change,) = pin(root)
        assert change.before == older
        assert change.replaces_image
        assert written(root).pin_for("us-east-1", OPEN_DRIVER, emulated=True).name == NEWEST.name

    def test_other_entries_are_kept(self, root: Path) -> None:
        older = lock_older(root)
        lock = written(root).with_pin("us-east-1", OPEN_DRIVER, older, emulated=False)
        (root / IMAGE_LOCK_FILE).write_text(lock.with_pin("eu-west-1", OPEN_DRIVER, older, emulated=True).dump())
        pin(root, here("p3.2xlarge"))
        kept = written(root)
        assert [kept.find("us-east-1", OPEN_DRIVER, emulated=each) for each in (True, False)] == [older, older]
        assert kept.find("eu-west-1", OPEN_DRIVER, emulated=True) == older
        assert kept.find("us-east-1", PROPRIETARY_DRIVER, emulated=True)

    def test_two_regions_have_ids_of_their_own(self, root: Path) -> None:
        pin(root, here(), here(name="local-eu", region="eu-west-1"))
        lock = written(root)
        ids = [lock.pin_for(each, OPEN_DRIVER, emulated=True).image_id for each in ("us-east-1", "eu-west-1")]
        assert ids == [NEWEST.image_id("us-east-1"), NEWEST.image_id("eu-west-1")]

    def test_two_environments_of_one_region_share_a_pin(self, root: Path) -> None:
        (change,) = pin(root, here(), here("g5.xlarge", name="local-b"))
        assert change.clusters == ("local/two-tower-v2", "local-b/two-tower-v2")

    def test_without_an_experiment_nothing_is_needed_and_no_file_is_written(self, root: Path) -> None:
        (root / IMAGE_LOCK_FILE).unlink(missing_ok=True)
        assert pin(root, here(experiments=[])) == ()
        assert not (root / IMAGE_LOCK_FILE).exists()

    def test_an_image_that_the_environment_names_is_not_pinned(self, root: Path) -> None:
        assert pin(root, here(images={"t4": Image(reference="ami-0123456789abcdef0")})) == ()

    def test_a_family_can_be_chosen(self, root: Path) -> None:
        (change,) = pin(root, families=["neuron"])
        assert (change.family.name, change.clusters, change.after.driver) == ("neuron", (), None)

    def test_a_family_that_there_is_not_is_refused(self, root: Path) -> None:
        assert "Unknown image family 'neurons'. Expected: one of open-driver, " in refusal(root, families=["neurons"])

    def test_a_broken_lock_is_refused_and_left(self, root: Path) -> None:
        (root / IMAGE_LOCK_FILE).write_text("<<<<<<< HEAD")
        with pytest.raises(DeclarationError, match="is not valid JSON"):
            pin(root)
        assert (root / IMAGE_LOCK_FILE).read_text() == "<<<<<<< HEAD"


class TestDriverAndCuda:
    """AWS does not say which are installed: they are known from release notes, stated, or unknown."""

    @pytest.fixture(autouse=True)
    def unread_release(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A release without recorded notes, as every new one."""
        monkeypatch.setattr("mlinfra.operations.images.newest.image_release", lambda _name: None)

    def test_versions_without_release_notes_are_unknown(self, root: Path) -> None:
        (change,) = pin(root)
        assert (change.after.driver, change.after.cuda) == (None, ())
        pinned = json.loads((root / IMAGE_LOCK_FILE).read_text())["local"]["us-east-1"]["open-driver"]
        assert (pinned["driver"], pinned["cuda"]) == (None, [])

    def test_what_is_stated_is_written_and_stays(self, root: Path) -> None:
        pin(root, driver="580.95.05", cuda=["13.0", "12.8"])
        (change,) = pin(root)
        assert change.fields == ()
        pinned = written(root).pin_for("us-east-1", OPEN_DRIVER, emulated=True)
        assert (pinned.driver, pinned.cuda) == ("580.95.05", ("13.0", "12.8"))

    def test_what_is_stated_of_an_older_image_is_not_said_of_a_newer_one(self, root: Path) -> None:
        lock_older(root)
        (change,) = pin(root)
        assert (change.after.driver, change.after.cuda) == (None, ())

    def test_they_are_stated_of_one_release_only(self, root: Path) -> None:
        message = refusal(root, every=True, driver="580.95.05")
        assert "--driver and --cuda apply to one release, but these would be pinned:" in message
        assert NEWEST.name in message

    def test_an_image_without_a_driver_has_none_to_state(self, root: Path) -> None:
        assert "contains neither NVIDIA's driver nor CUDA" in refusal(root, families=["neuron"], cuda=["13.0"])

    @pytest.mark.parametrize("stated", [{"driver": "newest"}, {"cuda": ["13"]}])
    def test_an_invalid_version_is_refused(self, root: Path, stated: dict[str, Any]) -> None:
        assert ": not a version. Expected: such as --driver 595.91.07 --cuda 13.2" in refusal(root, **stated)


class TestDiff:
    def test_a_newer_image_is_shown_and_nothing_is_written(self, root: Path) -> None:
        lock_older(root)
        before = (root / IMAGE_LOCK_FILE).read_bytes()
        (change,) = diff(root)
        assert change.fields == ("image_id", "name", "cuda", "created")
        assert change.clusters == ("local/two-tower-v2",)
        assert (root / IMAGE_LOCK_FILE).read_bytes() == before

    def test_nothing_differs_once_it_is_pinned(self, root: Path) -> None:
        pin(root)
        (change,) = diff(root)
        assert (change.fields, change.replaces_image) == ((), False)

    def test_what_is_not_pinned_differs_in_everything(self, root: Path) -> None:
        (change,) = diff(root)
        assert change.fields == tuple(ImagePin.model_fields)
        assert not (root / IMAGE_LOCK_FILE).exists()

    def test_a_pinned_image_that_was_deleted_gives_a_warning(self, root: Path) -> None:
        lock_older(root, image_id="ami-00000000000000001")
        (change,) = diff(root)
        assert change.warnings == (
            "The pinned image ami-00000000000000001 is no longer available, so nodes cannot be launched from it.",
        )


class TestAccounts:
    def test_credentials_of_another_account_are_refused(self, root: Path) -> None:
        message = refusal(root, here(account_id="111111111111"))
        assert f"Your AWS credentials belong to account {ACCOUNT}" in message

    def test_nothing_is_written_where_the_second_account_is_another(self, root: Path) -> None:
        lock_older(root)
        assert "is in account 111111111111" in refusal(root, here(), here(name="prod", account_id="111111111111"))

    def test_ids_of_a_local_aws_are_not_pinned_for_aws(self, root: Path) -> None:
        message = refusal(root, here(name="dev", emulated=False))
        assert "the environment 'dev' is not emulated. Image ids of a local AWS are not valid in AWS" in message

    def test_without_credentials(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        assert "There are no AWS credentials" in refusal(root)

    def test_the_environments_of_the_account_at_hand_are_found(self) -> None:
        local, dev = here(), an_environment()
        same_account_of_aws = here(name="dev", emulated=False)
        assert reachable((local, dev, same_account_of_aws)) == (local,)

    def test_an_account_of_no_environment_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(OperationError, match=r"is not the account of a declared environment: dev \(111111111111\)"):
            reachable((an_environment(),))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[..., object]], None]:
    """Register a botocore event hook on every client that the operation makes."""
    hooks: list[tuple[str, Callable[..., object]]] = []
    original = AwsAccount.client

    def client(account: AwsAccount, service: str) -> Any:
        made = original(account, service)
        for event, hook in hooks:
            made.meta.events.register(event, hook)
        return made

    monkeypatch.setattr(AwsAccount, "client", client)
    return lambda event, hook: hooks.append((event, hook))


def change_images(**changes: Any) -> Callable[..., object]:
    """DescribeImages answers as AWS does, and moto does not."""

    def hook(parsed: dict[str, Any], **_: object) -> None:
        for image in parsed["Images"]:
            image.update(changes)

    return hook


class TestWhatMustNotBePinned:
    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"ImageOwnerAlias": None}, "its owner is 898082745236, not amazon."),
            ({"ImageOwnerAlias": "aws-marketplace"}, "its owner is aws-marketplace, not amazon."),
            ({"State": "disabled"}, "its state is disabled, not available."),
            ({"Architecture": "arm64"}, "it is for arm64, not x86_64."),
            ({"Name": "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 26.04) 1"}, "is not a release of 'Deep"),
        ],
    )
    def test_an_image_with_an_unexpected_property_is_refused(
        self, root: Path, answers: Callable[..., None], changes: dict[str, Any], problem: str
    ) -> None:
        answers("after-call.ec2.DescribeImages", change_images(**changes))
        message = refusal(root)
        assert f"the image {NEWEST.image_id('us-east-1')}, found by ssm:/aws/service/deeplearning" in message
        assert problem in message

    def test_several_images_with_the_newest_date_are_refused(self, root: Path, answers: Callable[..., None]) -> None:
        def twice(parsed: dict[str, Any], **_: object) -> None:
            parsed["Images"] += [{**each, "ImageId": "ami-00000001"} for each in parsed["Images"]]

        answers("after-call.ec2.DescribeImages", twice)
        message = refusal(root, here("p3.2xlarge"))
        assert "2 images of 'proprietary-driver' in us-east-1 have the newest creation date" in message
        assert "ami-00000001 (Deep Learning Base Proprietary" in message
        assert (
            "Declare an image in the environment: images={'v100': Image(reference='ami-...', root_device='/dev/xvda')}."
            in message
        )

    def test_a_name_without_an_image_is_refused(self, root: Path, answers: Callable[..., None]) -> None:
        answers("after-call.ec2.DescribeImages", lambda parsed, **_: parsed.update(Images=[]))
        message = refusal(root, here("p3.2xlarge"))
        assert "Amazon offers no image with the name 'Deep Learning Base Prop" in message

    def test_a_parameter_that_does_not_exist_is_refused(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import dataclasses

        elsewhere: ImageFamily = dataclasses.replace(OPEN_DRIVER, parameter="/aws/service/deeplearning/ami/none/ami-id")
        monkeypatch.setattr(operation, "IMAGE_FAMILIES", {"open-driver": elsewhere})
        monkeypatch.setattr(operation, "image_family", lambda _accelerator: elsewhere)
        assert "The parameter /aws/service/deeplearning/ami/none/ami-id does not exist in us-east-1" in refusal(root)


class TestWarnings:
    def test_a_deprecated_image(self, root: Path, answers: Callable[..., None]) -> None:
        answers("after-call.ec2.DescribeImages", change_images(DeprecationTime="2026-01-02T03:04:05.000Z"))
        (change,) = pin(root)
        assert change.warnings == (
            (
                f"{NEWEST.image_id('us-east-1')} has been deprecated since 2026-01-02, and Amazon may delete it. "
                "Pin a newer one."
            ),
        )

    def test_an_image_that_will_be_deprecated(self, root: Path, answers: Callable[..., None]) -> None:
        later = datetime.now(timezone.utc).replace(year=2100).isoformat()
        answers("after-call.ec2.DescribeImages", change_images(DeprecationTime=later))
        assert pin(root)[0].warnings == ()

    @pytest.mark.parametrize(
        ("instance_type", "listed", "is_warned_of"),
        [
            ("p3.2xlarge", "G3 (G3.16x not supported), P3, P3dn, Inf1", False),
            ("p3.2xlarge", "G4dn, P3dn", True),
            ("p4d.24xlarge", "P4, P4de", False),
            ("p4de.24xlarge", "P4, P5", True),
            ("p6-b200.48xlarge", "P5, P6", False),
            ("p6-b300.48xlarge", "P6-B200", True),
            ("g6f.large", "G6, G6e", True),
        ],
    )
    def test_an_instance_type_that_its_description_does_not_list(
        self, root: Path, answers: Callable[..., None], instance_type: str, listed: str, *, is_warned_of: bool
    ) -> None:
        answers(
            "after-call.ec2.DescribeImages",
            change_images(Description=f"Supported EC2 instances: {listed}. Release notes: https://docs.example"),
        )
        (change,) = pin(root, here(instance_type))
        assert bool(change.warnings) is is_warned_of
        if is_warned_of:
            assert f"may not support {instance_type}: its description lists only" in change.warnings[0]

    def test_a_description_without_a_list_says_nothing(self, root: Path, answers: Callable[..., None]) -> None:
        answers("after-call.ec2.DescribeImages", change_images(Description="An image."))
        assert pin(root)[0].warnings == ()


def refuse(code: str, status: int = 400, times: int = 1_000) -> Callable[..., AWSResponse | None]:
    """EC2 answers so many times with an error instead of images."""
    left = [times]

    def hook(**_: object) -> AWSResponse | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>No.</Message></Error></Errors></Response>"
        return _Answer(status, body)

    return hook


class _Answer(AWSResponse):  # type: ignore[misc]  # botocore is untyped
    """An answer that did not come over the network."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__("http://127.0.0.1", status, {}, None)
        self._content = body.encode()


class TestFaults:
    def test_one_throttled_call_is_tried_again(self, root: Path, answers: Callable[..., None]) -> None:
        answers("before-send.ec2.DescribeImages", refuse("RequestLimitExceeded", 503, times=1))
        assert pin(root)[0].after.name == NEWEST.name

    def test_throttling_without_end(
        self, root: Path, answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        answers("before-send.ec2.DescribeImages", refuse("RequestLimitExceeded", 503))
        assert "AWS throttled the requests in us-east-1 (RequestLimitExceeded)" in refusal(root)

    def test_a_call_that_is_not_allowed(self, root: Path, answers: Callable[..., None]) -> None:
        answers("before-send.ec2.DescribeImages", refuse("UnauthorizedOperation", 403))
        message = refusal(root)
        assert "AWS refused DescribeImages (UnauthorizedOperation: No.)" in message
        assert "require permission for it" in message

    def test_a_region_that_the_account_has_not_enabled(self, root: Path, answers: Callable[..., None]) -> None:
        answers("before-send.ec2.DescribeImages", refuse("AuthFailure", 401))
        message = refusal(root, here("p3.2xlarge", region="ap-east-1"))
        assert "may not have enabled the region ap-east-1: check `aws account list-regions`." in message

    def test_an_image_that_is_deleted_before_it_is_described(self, root: Path, answers: Callable[..., None]) -> None:
        answers("before-send.ec2.DescribeImages", refuse("InvalidAMIID.NotFound"))
        assert "was not found in us-east-1. Run the command again later." in refusal(root)

    def test_a_lock_that_cannot_be_written(self, root: Path) -> None:
        (root / "environments").rmdir()
        assert "images.lock.json cannot be written" in refusal(root)
