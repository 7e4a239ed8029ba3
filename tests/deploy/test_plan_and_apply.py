"""Plans that are saved, refused and applied: real git, real Terraform, real AWS provider, local AWS."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.declarations.loading import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.deploy import (
    commit_provenance,
    fetch,
    plan_synthesized,
    read_list,
    stack_provenance,
    synth,
    unlock,
    write_list,
)
from mlinfra.operations.deploy.applying import apply
from mlinfra.operations.deploy.preconditions import ReviewHeldError
from mlinfra.operations.review import APPLIED_SETTINGS, review
from mlinfra.operations.terraform import Terraform, find_terraform
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import TODAY
from tests.deploy.attached_provider import with_own_provider
from tests.deploy.planned import Found, Project, Reviewer

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform import StateLock

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("plan-and-apply")]


@pytest.fixture(scope="module")
def planned(project: Path, deployable: Path) -> Project:
    """A project whose state is bootstrapped, and two stacks of which are applied."""
    del deployable
    made = Project(project)
    (environment,) = load_environments(made.root, only="local")
    bootstrap(environment, made.root, Quiet())
    made.apply(made.planned("first"), made.planned("second"))
    return made


APPLY = """
import sys
from pathlib import Path
from mlinfra.operations.deploy.applying import apply
from mlinfra.operations.deploy.preconditions import ReviewHeldError
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import TODAY
from tests.deploy.planned import Reviewer
root = Path(sys.argv[1])
apply([root / "plans" / "local-first"], root, Quiet(), review=Reviewer(), today=TODAY)
"""


TAKE_BUCKET_AWAY = """
import sys
from pathlib import Path
import boto3
_, name, kept = sys.argv
bucket = boto3.resource("s3").Bucket(name)
for each in bucket.objects.all():
    path = Path(kept, each.key)
    path.parent.mkdir(parents=True)
    path.write_bytes(each.get()["Body"].read())
bucket.object_versions.delete()
bucket.delete()
"""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 300
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.exists()


def value_of(stack: str) -> str:
    return str(boto3.client("ssm").get_parameter(Name=f"/test/{stack}")["Parameter"]["Value"])


def recorded(stack: str) -> dict[str, object]:
    name = f"/mlinfra/recsys/local/{stack}/commit"
    return dict(json.loads(boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]))


def refusal(project: Project, path: Path, **choices: object) -> str:
    with pytest.raises(OperationError) as refused:
        project.apply(path, **choices)  # type: ignore[arg-type]
    return str(refused.value)


def refusal_once_ended(project: Project, path: Path) -> str:
    """The error of an apply after all processes of the previous apply have ended."""
    deadline = time.monotonic() + 300
    while "is still running" in (text := refusal(project, path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return text


def test_exactly_the_reviewed_plan_is_applied_and_its_commit_recorded(planned: Project) -> None:
    commit = planned.change("first", "applied")
    folder = planned.planned("first")
    about = json.loads((folder / "about.json").read_text())
    assert (about["stack"], about["environment"], about["commit"]) == ("local-first", "local", commit)
    assert (about["dirty"], about["changes"]) == (False, True)
    assert value_of("first") != "applied"

    (applied,) = planned.apply(folder / "tfplan", tag="experiment-v2.3-infra")
    assert value_of("first") == "applied"
    assert applied.parameter == "/mlinfra/recsys/local/first/commit"
    assert recorded("first")["commit"] == commit
    assert "123456789012" in str(recorded("first")["who"])
    assert planned.git("cat-file", "-t", "experiment-v2.3-infra") == "tag"
    assert planned.git("rev-parse", "experiment-v2.3-infra^{commit}") == commit

    assert "was applied before" in refusal(planned, folder)
    planned.change("second", "untagged")
    text = refusal(planned, planned.planned("second"), tag="experiment-v2.3-infra")
    assert "The tag 'experiment-v2.3-infra' already exists" in text
    assert value_of("second") != "untagged"


def test_stored_plans_are_applied_without_the_folders_that_they_were_made_in(planned: Project, tmp_path: Path) -> None:
    planned.change("first", "stored")
    planned.change("second", "stored")
    s3 = boto3.client("s3")
    (environment,) = load_environments(planned.root, only="local")
    with pytest.raises(OperationError, match=r"has no rule that deletes stored plans.* bootstrap local$"):
        planned.plan("first", store=True)
    rule = {"Status": "Enabled", "Filter": {"Prefix": "_plans/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=environment.names.state_bucket, LifecycleConfiguration={"Rules": [rule]}
    )

    plans = planned.plan("first", "second", store=True)
    assert not plans.failed, plans.failed
    write_list(plans.stored, tmp_path / "plans.json")
    shutil.rmtree(planned.root / "plans")
    folders = fetch(read_list(tmp_path / "plans.json"), planned.root, Quiet())
    assert [each.stack for each in planned.apply(*folders)] == ["local-first", "local-second"]
    assert (value_of("first"), value_of("second")) == ("stored", "stored")

    planned.set_value("first", "uncommitted")
    with pytest.raises(OperationError, match=r"uncommitted changes or no commit\. No plan was stored"):
        planned.plan("first", store=True)
    planned.git("checkout", "--quiet", "main.py")


def test_synthesized_stacks_are_planned_without_the_code_of_the_project(planned: Project, tmp_path: Path) -> None:
    base = planned.git("rev-parse", "HEAD")
    planned.change("second", "synthesized")
    folder = tmp_path / "synthesized"
    made = synth(planned.root, Quiet(), out=folder, patterns=["local-*"], changed_since=base)
    assert made.unchanged == ("local-state", "local-first")

    main = (planned.root / "main.py").read_text()
    (planned.root / "main.py").write_text("raise SystemExit('code of the project')")
    declaration = planned.root / "environments" / "local.py"
    declared = declaration.read_text()
    declaration.write_text("raise SystemExit('code of the project')")
    plans = plan_synthesized(planned.root, Quiet(), folder, patterns=["local-*"])
    (planned.root / "main.py").write_text(main)
    declaration.write_text(declared)
    assert not plans.failed, plans.failed
    assert [each.about.stack for each in plans.planned] == ["local-second"]
    assert plans.unchanged == ("local-state", "local-first")
    planned.apply(planned.folder("second"))
    assert value_of("second") == "synthesized"

    planned.change("second", "later")
    with pytest.raises(OperationError, match=r"were synthesized from [0-9a-f]{40}, and [0-9a-f]{40} is checked out"):
        plan_synthesized(planned.root, Quiet(), folder)


def test_plans_are_private_and_small(planned: Project) -> None:
    folder = planned.planned("second")
    assert {path.stat().st_mode & 0o077 for path in (folder, folder / "tfplan", folder / "plan.json")} == {0}
    assert not (folder / "stack" / ".terraform").exists()
    assert planned.git("status", "--porcelain") == ""


def test_only_what_differs_from_a_commit_is_planned(planned: Project) -> None:
    base = planned.git("rev-parse", "HEAD")
    planned.change("second", "differs")
    plans = planned.plan(changed_since=base)
    assert [each.about.stack for each in plans.planned] == ["local-second"]
    assert plans.unchanged == ("local-state", "local-first")
    assert (plans.planned[0].summary, plans.differs) == ("0 to add, 1 to change, 0 to destroy", True)
    planned.set_value("second", "differs too")
    assert [each.about.dirty for each in planned.plan(changed_since="HEAD").planned] == [True]
    planned.git("checkout", "--", "main.py")
    assert planned.plan(changed_since="HEAD").planned == ()
    assert planned.git("worktree", "list").count("\n") == 0


def test_without_a_commit_before_all_stacks_are_planned(planned: Project) -> None:
    plans = planned.plan("first", "second", changed_since="0" * 40)
    assert [each.about.stack for each in plans.planned] == ["local-first", "local-second"]


def test_what_cannot_be_compared_with_is_said(planned: Project) -> None:
    with pytest.raises(OperationError, match="There is no commit 'nowhere' in this clone"):
        planned.plan("first", changed_since="nowhere")
    good = (planned.root / "main.py").read_text()
    (planned.root / "main.py").write_text("raise RuntimeError('broken then')\n")
    broken = planned.commit("Break it")
    (planned.root / "main.py").write_text(good)
    planned.commit("Mend it")
    with pytest.raises(OperationError, match=f"The commit {broken[:12]} cannot be synthesized") as refused:
        planned.plan("first", changed_since=broken)
    assert "broken then" in refused.value.details


def test_an_error_in_one_stack_does_not_lose_the_plans_of_others(planned: Project) -> None:
    good = (planned.root / "main.py").read_text()
    planned.commit("Before")
    (planned.root / "main.py").write_text(
        good.replace('type="String"', 'type="Nonsense" if name == "first" else "String"')
    )
    plans = planned.plan("first", "second")
    (planned.root / "main.py").write_text(good)
    assert [each.stack for each in plans.failed] == ["local-first"]
    assert "Nonsense" in plans.failed[0].details
    assert [each.about.stack for each in plans.planned] == ["local-second"]


@pytest.mark.parametrize("name", ["tfplan", "plan.json", "stack/cdk.tf.json"])
def test_a_file_that_is_not_as_it_was_made_is_refused(planned: Project, name: str) -> None:
    folder = planned.folder("second")
    if not (folder / "about.json").exists() or json.loads((folder / "about.json").read_text())["dirty"]:
        folder = planned.planned("second")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content + b" ")
    assert f"was modified after it was saved: {name.rpartition('/')[2]}" in refusal(planned, folder)
    (folder / name).write_bytes(content)


def forge(folder: Path, **contents: bytes) -> None:
    """Replace files of a plan, and the digests that would show it."""
    about = json.loads((folder / "about.json").read_text())
    for name, content in contents.items():
        file = {"plan": "plan.json"}.get(name, name)
        (folder / file).write_bytes(content)
        about["sha256"][file] = hashlib.sha256(content).hexdigest()
    (folder / "about.json").write_text(json.dumps(about))


def test_the_plan_file_itself_is_reviewed(planned: Project) -> None:
    planned.change("second", "harmless")
    folder = planned.planned("second")
    harmless = {"tfplan": (folder / "tfplan").read_bytes(), "plan": (folder / "plan.json").read_bytes()}
    planned.change("second", "dangerous")
    folder = planned.planned("second")
    dangerous = {"tfplan": (folder / "tfplan").read_bytes(), "plan": (folder / "plan.json").read_bytes()}

    forge(folder, plan=harmless["plan"])
    assert "plan.json is not the content of the plan file of local-second" in refusal(planned, folder)
    forge(folder, **harmless)
    assert "The plan file of local-second was made from another configuration" in refusal(planned, folder)
    forge(folder, tfplan=b"not a plan", plan=dangerous["plan"])
    assert "The plan file of local-second was made from another configuration" in refusal(planned, folder)
    assert not (folder / "stack" / ".terraform").exists()

    forge(folder, **dangerous)
    reviewer = Reviewer()
    planned.apply(folder, reviewer=reviewer)
    (seen,) = reviewer.seen
    assert json.loads(seen) == json.loads(dangerous["plan"])
    assert value_of("second") == "dangerous"


def test_settings_that_a_plan_does_not_contain_are_compared_with_the_last_apply(planned: Project) -> None:
    main = planned.root / "main.py"
    before = main.read_text()
    value = 'type="String", value=value)'
    assert value in before
    main.write_text(before.replace(value, f'{value}.add_override("lifecycle.ignore_changes", ["description"])'))
    planned.commit("Ignore changes of the description")
    folder = planned.planned("second")
    (found,) = [each for each in review([folder], root=planned.root, today=TODAY).held if each.id == "MLR011"]
    assert found.text == "Changes of `description` of `aws_ssm_parameter.value` are ignored. Ignored before: none."
    # The apply reads the record itself: the file beside the plan can be removed.
    (folder / APPLIED_SETTINGS).unlink()
    with pytest.raises(ReviewHeldError) as refused:
        apply([folder], planned.root, Quiet(), today=TODAY)
    assert "MLR011" in str(refused.value)
    main.write_text(before)
    planned.commit("Manage the description")


def test_an_old_plan_is_refused_whatever_its_record_says(planned: Project) -> None:
    planned.change("second", "old")
    folder = planned.planned("second")
    with pytest.raises(
        OperationError, match=r"The plan of local-second was made 0 hours ago, and plans are applied for 0"
    ):
        planned.apply(folder, max_age=timedelta(0))


def test_an_approval_that_was_committed_after_the_plan_keeps_it_valid(planned: Project) -> None:
    planned.change("second", "approved later")
    folder = planned.planned("second")
    (planned.root / "approvals").mkdir()
    (planned.root / "approvals" / "local-second.yaml").write_text("[]\n")
    planned.commit("Approve")
    planned.apply(folder)
    assert value_of("second") == "approved later"


def test_a_plan_of_another_commit_is_refused(planned: Project) -> None:
    folder = planned.planned("second")
    planned.change("first", "another commit")
    assert re.search(r"was made from commit \w{12}, and \w{12} is checked out", refusal(planned, folder))


def test_uncommitted_changes_are_refused_and_never_silently_applied(planned: Project) -> None:
    planned.set_value("second", "uncommitted")
    folder = planned.planned("second")
    assert "was made from uncommitted changes" in refusal(planned, folder)
    (applied,) = planned.apply(folder, allow_dirty=True)
    assert applied.dirty
    assert recorded("second")["dirty"] is True
    planned.git("checkout", "--", "main.py")


def test_a_checkout_with_uncommitted_approvals_is_refused(planned: Project) -> None:
    folder = planned.planned("second")
    (planned.root / "approvals").mkdir(exist_ok=True)
    (planned.root / "approvals" / "mine.yaml").write_text("[]\n")
    assert "The checkout has uncommitted changes (approvals/mine.yaml)" in refusal(planned, folder)
    (planned.root / "approvals" / "mine.yaml").unlink()


def test_a_plan_whose_review_is_not_clean_is_refused_with_what_is_held(planned: Project) -> None:
    text = refusal(planned, planned.planned("second"), held=[Found()])
    assert "The review holds 1 finding without an approval. Nothing was applied." in text
    assert "data-destroyed 3f9c1a2b4d  local-first  aws_ssm_parameter.value: A parameter goes. Keep it." in text


def test_a_stale_plan_is_refused_with_what_to_do(planned: Project) -> None:
    planned.change("second", "stale")
    folder = planned.planned("second")
    kept = folder.rename(folder.with_name("kept"))
    planned.apply(planned.planned("second"))
    text = refusal(planned, kept)
    assert "The plan of local-second is stale" in text
    assert "Plan again and have the new plan reviewed:" in text


def test_a_half_failed_apply_says_what_is_left_to_do(planned: Project) -> None:
    planned.change("first", "half")
    planned.change("second", "not reached")
    folders = planned.planned("first"), planned.planned("second")
    before = recorded("first")
    planned.slow("exit 7\n")
    with pytest.raises(OperationError) as refused:
        planned.apply(*folders)
    planned.slow("exit 0\n")
    assert "The apply of local-first failed." in refused.value.message
    assert "Applied: none. Not applied: local-first, local-second." in refused.value.message
    assert "exit status 7" in refused.value.details
    assert (value_of("first"), recorded("first")) == ("half", before)
    assert "failed before it completed" in refusal(planned, folders[0])

    plans = planned.plan("first")
    assert plans.planned[0].summary == "1 to add, 0 to change, 1 to destroy"
    planned.apply(plans.planned[0].folder)


def test_a_state_that_cannot_be_written_is_kept_and_nothing_goes_on_until_it_is_pushed(
    planned: Project, tmp_path: Path
) -> None:
    planned.change("first", "unwritten")
    folder = planned.planned("first")
    (environment,) = load_environments(planned.root, only="local")
    kept = tmp_path / "kept"
    (tmp_path / "away.py").write_text(TAKE_BUCKET_AWAY)
    planned.slow(f"{sys.executable} {tmp_path / 'away.py'} {environment.names.state_bucket} {kept}\n")
    text = refusal(planned, folder)
    planned.slow("exit 0\n")
    errored = folder / "stack" / "errored.tfstate"
    assert f"could not write the state to its bucket: the state is in {errored}" in text
    assert value_of("first") == "unwritten"
    assert errored.stat().st_mode & 0o777 == 0o600

    bucket = boto3.resource("s3").Bucket(environment.names.state_bucket)
    bucket.create()
    for path in kept.rglob("*.tfstate"):
        bucket.put_object(Key=path.relative_to(kept).as_posix(), Body=path.read_bytes())
    assert f"the state is in {errored}" in refusal(planned, folder)
    (failed,) = planned.plan("first").failed
    assert f"the state is in {errored}" in failed.message

    command = re.search(r"As soon as the bucket is writable: (.+); then plan again", text)
    assert command
    subprocess.run(["/bin/sh", "-c", command[1]], check=True, capture_output=True)
    assert not errored.exists()
    assert planned.plan("first").planned[0].summary == "nothing to change"


def test_provenance_shows_the_commit_of_a_stack_and_the_stacks_of_a_commit(planned: Project) -> None:
    commit = planned.change("first", "provenance")
    planned.apply(planned.planned("first"), planned.planned("second"))
    origin = stack_provenance("local-first", planned.root)
    assert origin.applied.commit == commit
    assert origin.distance
    assert (origin.subject, origin.distance.ahead, origin.distance.behind) == ("Set first to provenance", 0, 0)
    assert origin.state == "unchanged"
    planned.change("second", "newer")
    later = stack_provenance("local-second", planned.root).distance
    assert later
    assert (later.ahead, later.behind) == (1, 0)

    def matches(name: str) -> dict[str, str]:
        return {
            each.stack: each.match
            for each in commit_provenance(name, planned.root, Quiet(), patterns=["local-*"]).stacks
        }

    assert matches(commit) == {"local-state": "unknown", "local-first": "commit", "local-second": "commit"}
    assert matches("HEAD") == {"local-state": "unknown", "local-first": "bytes", "local-second": "other"}
    # Another program applies: its Terraform raises the serial of the state.
    folder = planned.planned("second")
    Terraform(folder / "stack", find_terraform().path).init()
    Terraform(folder / "stack", find_terraform().path).apply(folder / "tfplan")
    assert stack_provenance("local-second", planned.root).state == "changed"
    assert stack_provenance("local-first", planned.root).state == "unchanged"
    with pytest.raises(OperationError, match="No commit is recorded for 'local-state'"):
        stack_provenance("local-state", planned.root)


def test_a_lock_held_by_another_is_said_with_who_and_since_when(planned: Project) -> None:
    folder = planned.planned("second")
    (environment,) = load_environments(planned.root, only="local")
    state = f"{environment.names.state_bucket}/{environment.names.state_key('second')}"
    info = {
        "ID": "6638e010-8fb0-46cf-966d-21e806602f3a",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "ben@elsewhere",
        "Version": "1.11.4",
        "Created": "2026-11-24T09:30:00.123456789Z",
        "Path": state,
    }
    table = boto3.client("dynamodb")
    item = {"LockID": {"S": state}, "Info": {"S": json.dumps(info)}}
    table.put_item(TableName=environment.names.lock_table, Item=item)
    try:
        text = refusal(planned, folder)
        assert "ben@elsewhere has been applying it since 2026-11-24 09:30:00 UTC" in text
        assert text.index("make sure that no run is in progress: ask ben") < text.index("mlinfra unlock local-second")
        (failed,) = planned.plan("second").failed
        assert "ben@elsewhere has been applying it since" in failed.message
        assert planned.plan("second", lock=False).failed == ()
    finally:
        table.delete_item(TableName=environment.names.lock_table, Key={"LockID": {"S": state}})


def test_terraform_outlives_a_killed_apply_and_finishes(planned: Project) -> None:
    planned.change("first", "outlives")
    folder = planned.planned("first")
    until_end = "until test -e ../../../end.sh || test $((n += 1)) -gt 3000; do sleep 0.1; done"
    planned.slow(f"touch ../../../started.sh; {until_end}; touch ../../../finished.sh\n")
    process = subprocess.Popen([sys.executable, "-c", APPLY, str(planned.root)], env=with_own_provider())
    wait_for(planned.root / "started.sh")
    process.kill()
    process.wait()
    text = refusal(planned, folder)
    assert f"is still running on this machine (process {process.pid}, since" in text
    # A plan would take away the folder that this Terraform works in.
    (failed,) = planned.plan("first", lock=False).failed
    assert f"is still running on this machine (process {process.pid}, since" in failed.message
    (planned.root / "end.sh").touch()
    wait_for(planned.root / "finished.sh")
    planned.slow("exit 0\n")
    text = refusal_once_ended(planned, folder)
    assert "was killed or interrupted before it completed" in text
    assert planned.plan("first").planned[0].about.changes is False


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_apply_lets_terraform_end_and_says_what_to_do(
    planned: Project, signal_number: signal.Signals
) -> None:
    planned.change("first", f"interrupted by {signal_number.name}")
    planned.planned("first")
    planned.slow("touch ../../../at-work.sh; sleep 3\n")
    apply = "import sys; from mlinfra.cli import main; sys.argv = ['mlinfra', 'apply', 'plans/local-first']; main.run()"
    process = subprocess.Popen(
        [sys.executable, "-c", apply],
        cwd=planned.root,
        env=with_own_provider(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(planned.root / "at-work.sh")
    process.send_signal(signal_number)
    said = process.communicate(timeout=300)[1]
    (planned.root / "at-work.sh").unlink()
    planned.slow("exit 0\n")
    assert process.returncode == 128 + signal_number
    assert "Interrupted. The Terraform that applied local-first has ended, and the state contains its" in said
    assert "Traceback" not in said
    (made,) = planned.plan("first").planned
    assert made.summary.endswith("to add, 0 to change, 1 to destroy")
    planned.apply(made.folder)
    assert value_of("first") == f"interrupted by {signal_number.name}"


def test_after_terraform_was_killed_too_it_is_said_how_to_release_the_lock(planned: Project) -> None:
    planned.change("first", "killed")
    folder = planned.planned("first")
    pids = planned.root / "pids.sh"
    planned.slow("echo $$ $PPID > ../../../pids.part.sh; mv ../../../pids.part.sh ../../../pids.sh; exec sleep 60\n")
    process = subprocess.Popen([sys.executable, "-c", APPLY, str(planned.root)], env=with_own_provider())
    wait_for(pids)
    process.kill()
    process.wait()
    # Terraform first: it would hear of its provisioner's end, and end in good order.
    found = subprocess.run(["pgrep", "-f", f"terraform apply .*{folder}"], capture_output=True, text=True, check=True)  # noqa: S607
    for each in (*found.stdout.split(), *pids.read_text().split()):
        with suppress(ProcessLookupError):
            os.kill(int(each), signal.SIGKILL)
    planned.slow("exit 0\n")
    assert "was applied before" in refusal_once_ended(planned, folder)
    (failed,) = planned.plan("first").failed
    assert f"was killed (process {process.pid}); none of its processes is running" in failed.message
    assert "unlock local-first. Resources that it created last may be missing in the state." in failed.message
    seen: list[bool] = []

    def confirm(lock: StateLock, is_own: bool) -> bool:  # noqa: FBT001  as the operation calls it
        assert lock.who.endswith(f"@{socket.gethostname()}")
        seen.append(is_own)
        return len(seen) > 1

    assert unlock("local-first", planned.root, confirm=confirm).released == ()
    assert len(unlock("local-first", planned.root, confirm=confirm).released) == 1
    assert seen == [True, True]
    assert not unlock("local-first", planned.root, confirm=confirm).was_locked
    planned.apply(planned.planned("first"))
    assert value_of("first") == "killed"


def test_a_wrong_checksum_without_a_lock_is_explained_and_repaired(planned: Project) -> None:
    (environment,) = load_environments(planned.root, only="local")
    key = f"{environment.names.state_bucket}/{environment.names.state_key('second')}-md5"
    item = {"LockID": {"S": key}, "Digest": {"S": "0" * 32}}
    boto3.client("dynamodb").put_item(TableName=environment.names.lock_table, Item=item)
    (failed,) = planned.plan("second").failed
    assert "The state of local-second differs from its checksum in the lock table" in failed.message
    assert failed.message.endswith(" unlock local-second")

    declined = unlock("local-second", planned.root, confirm=lambda *_: True)
    assert (declined.checksum, declined.was_locked) == ("wrong", False)
    repaired = unlock("local-second", planned.root, confirm=lambda *_: True, confirm_checksum=lambda: True)
    assert repaired.checksum == "repaired"
    assert not planned.plan("second").failed
    assert unlock("local-second", planned.root, confirm=lambda *_: True).checksum == "correct"
