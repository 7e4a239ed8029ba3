"""Check for roles without the environment's permissions boundary, which the role for applies cannot create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


def roles_without_boundary(
    config: Mapping[str, Any], boundary_arn: str, *, except_for: Collection[str]
) -> Iterator[str]:
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
        yield (
            f"aws_iam_role.{name} {has}, and the role for applies cannot create it. Expected: "
            f"permissions_boundary=environment.boundary_arn, which is {boundary_arn}; or declare the environment with "
            f"permissions_boundary=None, if no role shall have one."
        )
