"""Upload of the files of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.runner.uploads import upload_folder
from tests.unit.runner.runs import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("runner")


@pytest.fixture
def s3(clients: Callable[..., Any], run_resources: Any) -> Any:  # noqa: ARG001  the bucket
    return clients("s3")


def uploaded(s3: Any, prefix: str) -> dict[str, bytes]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        each["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found
    }


def test_files_and_links_to_them_are_uploaded_and_the_rest_is_listed(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "step-1").mkdir()
    (tmp_path / "step-1/model").write_text("weights")
    (tmp_path / "best").symlink_to("step-1/model")
    (tmp_path / "latest").symlink_to("step-1")
    (tmp_path / "secret").symlink_to("/etc/passwd")
    prefix = "uploads/links/"
    result = upload_folder(s3, tmp_path, bucket=BUCKET, prefix=prefix)
    assert uploaded(s3, prefix) == {"best": b"weights", "step-1/model": b"weights"}
    assert (result.files, result.bytes) == (2, 14)
    assert sorted(result.skipped) == [
        "latest: a link to a folder",
        "secret: a link that leads out of the folder or to nothing",
    ]


def test_a_large_file_is_uploaded_in_parts(s3: Any, tmp_path: Path) -> None:
    with (tmp_path / "model").open("wb") as file:
        file.truncate(20 << 20)
    upload_folder(s3, tmp_path, bucket=BUCKET, prefix="uploads/large/")
    head = s3.head_object(Bucket=BUCKET, Key="uploads/large/model")
    assert head["ContentLength"] == 20 << 20
    assert head["ETag"].strip('"').endswith("-3")


def test_a_file_that_cannot_be_uploaded_keeps_no_other_one_back(s3: Any, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 210] * 5)
    deep.mkdir(parents=True)
    (deep / "a").write_text("x")
    (tmp_path / "z").write_text("x")
    result = upload_folder(s3, tmp_path, bucket=BUCKET, prefix="uploads/long/")
    assert set(uploaded(s3, "uploads/long/")) == {"z"}
    (problem,) = result.skipped
    assert problem.endswith("its key has more than 1024 bytes")


def test_a_bucket_that_refuses_is_a_reason_for_each_file(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("weights")
    result = upload_folder(s3, tmp_path, bucket="another-bucket", prefix="x/")
    assert result.files == 0
    assert "NoSuchBucket" in result.skipped[0]


def test_a_result_lists_at_most_50_of_the_skipped_files(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"link-{number}").symlink_to("nothing")
    listed = upload_folder(None, tmp_path, bucket=BUCKET, prefix="x/").to_json()
    assert (len(listed["skipped"]), listed["skipped_files"]) == (50, 60)
