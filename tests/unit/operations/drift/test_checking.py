"""The order of a check: detection, the report, notifications, and then the baseline."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.drift import FileBaseline, check_drift, notifiers
from mlinfra.operations.drift.report import Difference, Report, StackReport
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.variables import in_force
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.operations.drift import CheckedDrift

TAG = Difference("dev-data", "aws_s3_bucket.lake", "changed", "tags.Zone", "raw", "hot")


class Run:
    """A check of drift that is known beforehand, and the order of its steps."""

    def __init__(self, folder: Path, *differences: Difference) -> None:
        self.file = folder / "baseline.json"
        self.steps: list[str] = []
        created = datetime(2026, 11, 24, 3, tzinfo=timezone.utc)
        self._report = Report("dev", created, (StackReport("dev-data", differences=differences),))

    def notifier(self, name: str, failure: str = "") -> Callable[[str, str], str]:
        def notify(subject: str, text: str) -> str:
            assert subject == "Drift in dev"
            assert "aws_s3_bucket.lake: tags.Zone: raw -> hot" in text
            assert not self.file.exists()
            self.steps.append(name)
            return failure

        return notify

    def check(self, *notify: Callable[[str, str], str]) -> CheckedDrift:
        def detect(*_: Any, **__: Any) -> Report:
            self.steps.append("detect")
            return self._report

        return check_drift(
            an_environment(),
            self.file.parent,
            Quiet(),
            baseline=FileBaseline(self.file),
            notify=notify,
            publish=lambda _: self.steps.append("publish"),
            detect=detect,
        )

    def known(self) -> set[str]:
        return set(FileBaseline(self.file).known("dev-data"))


def test_the_baseline_is_stored_after_all_notifications(tmp_path: Path) -> None:
    run = Run(tmp_path, TAG)
    assert run.check(run.notifier("Slack"), run.notifier("SNS")).undelivered == ()
    assert run.steps == ["detect", "publish", "Slack", "SNS"]
    assert run.known() == {TAG.fingerprint}


@pytest.mark.parametrize(("slack", "sns"), [("Slack failed", ""), ("", "SNS failed"), ("Slack failed", "SNS failed")])
def test_the_baseline_is_not_stored_if_a_notification_fails(tmp_path: Path, slack: str, sns: str) -> None:
    run = Run(tmp_path, TAG)
    checked = run.check(run.notifier("Slack", slack), run.notifier("SNS", sns))
    assert checked.undelivered == tuple(filter(None, (slack, sns)))
    assert run.steps == ["detect", "publish", "Slack", "SNS"]
    assert not run.file.exists()


def test_the_baseline_is_not_stored_if_the_check_is_interrupted_while_it_notifies(tmp_path: Path) -> None:
    def interrupted(_subject: str, _text: str) -> str:
        raise KeyboardInterrupt

    run = Run(tmp_path, TAG)
    with pytest.raises(KeyboardInterrupt):
        run.check(interrupted)
    assert not run.file.exists()


def test_without_new_or_resolved_drift_no_notification_is_sent(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.check(run.notifier("Slack")).undelivered == ()
    assert run.steps == ["detect", "publish"]
    assert run.known() == set()


def test_without_notifiers_the_report_is_the_notification(tmp_path: Path) -> None:
    run = Run(tmp_path, TAG)
    run.check()
    assert run.known() == {TAG.fingerprint}


@pytest.mark.parametrize(("url", "sns", "count"), [(None, False, 0), ("https://x", False, 1), ("https://x", True, 2)])
def test_notifiers_are_those_that_are_configured(url: str | None, count: int, *, sns: bool) -> None:
    with in_force({"MLINFRA_SLACK_WEBHOOK": url}):
        assert len(notifiers(an_environment(), sns=sns)) == count
