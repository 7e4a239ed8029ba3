"""Check for roles without the environment's permissions boundary, which the role for applies cannot create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.checks.check import Check, Problem, path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mlinfra.checks.check import StackConfiguration


def roles_without_boundary(
    config: Mapping[str, Any], boundary_arn: str, *, except_for: Collection[str]
) -> Iterator[Problem]:
    """A problem for each role without the boundary, or with another one.

    Args:
        config: a stack as Terraform JSON.
        boundary_arn: the environment's boundary.
        except_for: names of roles that an administrator creates.
    """
    for name, body in config.get("resource", {}).get("aws_iam_role", {}).items():
        given = body.get("permissions_boundary")
        if body.get("name") in except_for or given == boundary_arn or str(given).startswith("${"):
            continue
        has = f"has the permissions boundary {given}" if given else "has no permissions boundary"
        text = (
            f"aws_iam_role.{name} {has}, and the role for applies cannot create it. Expected: "
            f"permissions_boundary=environment.boundary_arn, which is {boundary_arn}; or declare the environment with "
            f"permissions_boundary=None, if no role shall have one."
        )
        yield Problem(text, path_of(body))


def _find(stack: StackConfiguration) -> Iterator[Problem]:
    if stack.has_tags and stack.boundary_arn is not None:
        yield from roles_without_boundary(stack.config, stack.boundary_arn, except_for=stack.roles_without_boundary)


ROLE_WITHOUT_BOUNDARY = Check(
    id="MLC301",
    title="A role has no permissions boundary of the environment, so that the role for applies cannot create it.",
    fix="Set permissions_boundary=environment.boundary_arn.",
    find=_find,
)
