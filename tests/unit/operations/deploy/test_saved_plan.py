from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy.saved_plan import (
    SavedPlan,
    created_resources,
    ids_in_log,
    require_plans_folder,
    unsaved_state_message,
)

if TYPE_CHECKING:
    from pathlib import Path

LOG = """\
aws_kms_key.key: Creating...
aws_s3_bucket.raw: Creating...
aws_kms_key.key: Still creating... [10s elapsed]
aws_kms_key.key: Creation complete after 12s [id=1234-abcd]
"""


def test_resources_that_a_killed_apply_created_are_listed_with_their_ids(tmp_path: Path) -> None:
    saved = SavedPlan(tmp_path)
    assert created_resources(saved) == ""
    saved.log.write_text(LOG)
    assert created_resources(saved).splitlines() == [
        "Resources in the log of the apply:",
        "aws_kms_key.key  id 1234-abcd",
        "aws_s3_bucket.raw  id unknown: its creation was not completed",
    ]


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"contains no complete plan\. Expected: a folder"):
        SavedPlan.at(tmp_path)


def test_a_plans_folder_may_be_absent_and_must_not_be_a_file(tmp_path: Path) -> None:
    require_plans_folder(tmp_path / "new" / "plans")
    (tmp_path / "plans").touch()
    with pytest.raises(OperationError, match=r"plans is a file\. Move it away, or choose another folder with --out"):
        require_plans_folder(tmp_path / "plans")


def test_a_state_that_was_not_written_is_written_by_the_selected_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "/opt/open tofu/tofu")
    text = unsaved_state_message(SavedPlan(tmp_path))
    command = "'/opt/open tofu/tofu' init && '/opt/open tofu/tofu' state push errored.tfstate && rm errored.tfstate"
    assert f"cd {tmp_path}/stack && {command}; then plan again" in text


MODULE_LOG = """\
aws_vpc.rec: Creating...
module.a["b"].aws_sns_topic.rec: Creating...
aws_sqs_queue.rec: Creating...
aws_sqs_queue.rec: Still creating... [10s elapsed]
aws_vpc.rec: Creation complete after 4s [id=vpc-8c70aa5a441300f1c]
module.a["b"].aws_sns_topic.rec: Creation complete after 1m4s [id=arn:aws:sns:us-east-1:123456789012:t]
"""


def test_only_completed_creations_have_an_id_in_the_log() -> None:
    assert ids_in_log(MODULE_LOG) == {
        "aws_vpc.rec": "vpc-8c70aa5a441300f1c",
        'module.a["b"].aws_sns_topic.rec': "arn:aws:sns:us-east-1:123456789012:t",
    }
