"""A synthesized stack, and assertions about its resources."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.checks.addresses import addresses, vanished
from mlinfra.testing import normalizing
from mlinfra.testing.matchers import Mismatch, captures, mismatches, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlinfra.declarations import Environment

_SHOWN: Final = 10
"""The differences in a message."""


@dataclass(frozen=True)
class Template:
    """A stack as Terraform JSON. Templates of equal stacks are equal, also in other folders.

    Assertions raise an AssertionError that contains the nearest resource and its differences.
    """

    stack: str
    """The id of the stack, such as `dev-training`."""
    document: Mapping[str, Any] = field(repr=False)
    """The whole of `cdk.tf.json`."""
    folder: Path = field(repr=False, compare=False)
    """The folder of the stack, in which Terraform can run."""
    environment: Environment | None = field(default=None, repr=False, compare=False)
    """Its environment, if it is known."""

    @classmethod
    def read(cls, folder: Path, environment: Environment | None = None) -> Template:
        """Read a synthesized stack.

        Args:
            folder: the folder with `cdk.tf.json`.
            environment: its environment, for estimates. Default: unknown.
        """
        document = json.loads((folder / "cdk.tf.json").read_text(encoding="utf-8"))
        return cls(folder.name, document, folder, environment)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of all resources in Terraform, sorted."""
        return tuple(addresses(self.document))

    @property
    def types(self) -> dict[str, int]:
        """The number of resources of each type."""
        return {type_name: len(named) for type_name, named in self.document.get("resource", {}).items()}

    def find(
        self, type_name: str, properties: object = None, *, kind: Literal["resource", "data"] = "resource"
    ) -> dict[str, dict[str, Any]]:
        """The resources of a type that match, by address.

        Args:
            type_name: the type in Terraform, such as aws_s3_bucket.
            properties: values or matchers of attributes; others are ignored. Default: all resources of the type.
            kind: `data` for data sources. Default: resource.
        """
        found = self._of_type(type_name, kind)
        return {
            address: values
            for address, values in found.items()
            if properties is None or not mismatches(properties, values)
        }

    def resources(self, type_name: str, *, kind: Literal["resource", "data"] = "resource") -> dict[str, dict[str, Any]]:
        """The resources of a type, by address.

        Args:
            type_name: the type in Terraform, such as aws_s3_bucket.
            kind: `data` for data sources. Default: resource.

        Raises:
            AssertionError: if there is none, with the types that exist: no assertion about all of them would fail.
        """
        found = self._of_type(type_name, kind)
        if not found:
            raise AssertionError(self._no_match(type_name, None, kind))
        return found

    def one(
        self, type_name: str, properties: object = None, *, kind: Literal["resource", "data"] = "resource"
    ) -> dict[str, Any]:
        """The attributes of the only resource that matches.

        Args:
            type_name: the type in Terraform, such as aws_s3_bucket.
            properties: values or matchers of attributes; others are ignored. Default: the only resource of the type.
            kind: `data` for data sources. Default: resource.

        Raises:
            AssertionError: if none matches, or several.
        """
        return self._only(type_name, properties, kind)[1]

    def address(
        self, type_name: str, properties: object = None, *, kind: Literal["resource", "data"] = "resource"
    ) -> str:
        """The address of the only resource that matches, such as `aws_s3_bucket.lake_raw_1A2B`.

        Args:
            type_name: the type in Terraform, such as aws_s3_bucket.
            properties: values or matchers of attributes; others are ignored. Default: the only resource of the type.
            kind: `data` for data sources. Default: resource.

        Raises:
            AssertionError: if none matches, or several.
        """
        return self._only(type_name, properties, kind)[0]

    def statements(
        self, type_name: str, properties: object = None, *, attribute: str = "policy"
    ) -> dict[str, dict[str, Any]]:
        """The statements of the only policy that matches, by their `Sid`; those without one by their number.

        Args:
            type_name: the type in Terraform of the resource with the policy, such as aws_iam_role_policy.
            properties: values or matchers of attributes; others are ignored. Default: the only resource of the type.
            attribute: the attribute with the policy. Default: policy.

        Raises:
            AssertionError: if none matches, or several; or if the attribute has no policy, such as a reference.
        """
        address, values = self._only(type_name, properties, "resource")
        try:
            statements = json.loads(values[attribute])["Statement"]
        except (KeyError, TypeError, ValueError):
            message = f"{address} has no policy in {attribute!r}: {shown(values.get(attribute))}"
            raise AssertionError(message) from None
        listed = statements if isinstance(statements, list) else [statements]
        return {str(each.get("Sid", number)): each for number, each in enumerate(listed)}

    def copy(self) -> Template:
        """The same template with a document of its own."""
        return replace(self, document=copy.deepcopy(self.document))

    def has_resource(
        self,
        type_name: str,
        properties: object = None,
        *,
        count: int | None = None,
        kind: Literal["resource", "data"] = "resource",
    ) -> None:
        """Assert that a resource matches.

        Args:
            type_name: the type in Terraform, such as aws_s3_bucket.
            properties: values or matchers of attributes; others are ignored. Default: any resource of the type.
            count: the number of resources that match. Default: at least one.
            kind: `data` for data sources. Default: resource.

        Raises:
            AssertionError: if none matches, or another number than `count`.
        """
        found = self.find(type_name, properties, kind=kind)
        if found and count in {None, len(found)}:
            for values in found.values():
                for capture, value in captures(properties, values):
                    capture.values.append(value)
            return
        if found:
            message = f"{len(found)} of {type_name} match in {self.stack}, expected {count}: {', '.join(found)}"
        else:
            message = self._no_match(type_name, properties, kind)
        raise AssertionError(message)

    def has_no_resource(
        self, type_name: str, properties: object = None, *, kind: Literal["resource", "data"] = "resource"
    ) -> None:
        """Assert that no resource matches.

        Raises:
            AssertionError: with the addresses of those that match.
        """
        found = self.find(type_name, properties, kind=kind)
        if found:
            message = f"{', '.join(found)} in {self.stack} match, and nothing may: {shown(properties)}"
            raise AssertionError(message)

    def resource_count(self, type_name: str, expected: int, *, kind: Literal["resource", "data"] = "resource") -> None:
        """Assert the number of resources of a type.

        Raises:
            AssertionError: with the addresses of those that exist.
        """
        found = self._of_type(type_name, kind)
        if len(found) != expected:
            message = f"{self.stack} has {len(found)} of {type_name}, expected {expected}: {', '.join(found) or 'none'}"
            raise AssertionError(message)

    def assert_addresses_kept(self, previous: Template | Iterable[str]) -> None:
        """Assert that no address has vanished, which would destroy its resource.

        Addresses in `moved` and `removed` blocks may vanish.

        Args:
            previous: the stack before the change, or its addresses.

        Raises:
            AssertionError: with the addresses that have vanished.
        """
        before = previous.addresses if isinstance(previous, Template) else tuple(previous)
        lost = vanished(before, self.document)
        if lost:
            message = (
                f"{len(lost)} addresses have vanished from {self.stack}, so Terraform would destroy their resources: "
                f"{', '.join(lost)}. A construct was renamed, moved or removed. Keep its id, or add a `moved` block."
            )
            raise AssertionError(message)

    def assert_cost_below(self, usd_per_month: float, *, today: date = date(2026, 1, 1)) -> None:
        """Assert that the estimated cost of the stack is below a limit.

        Args:
            usd_per_month: the limit of the high end of the estimate, in USD in 730 hours.
            today: the first day of the estimate. Default: a fixed day, so that the result never changes.

        Raises:
            AssertionError: if it costs more, with the most expensive resources; or if a price is unknown.
        """
        from mlinfra.operations.cost import Key, estimate_stack, read_stack

        estimate = estimate_stack(read_stack(self.folder), self.environment, today=today)
        if estimate.unpriced:
            reasons = ", ".join(f"{each.address} ({each.reason})" for each in estimate.unpriced[:_SHOWN])
            message = f"the cost of {self.stack} is unknown, because of {reasons}"
            raise AssertionError(message)
        total = estimate.total.usd_per_month_high
        if total >= usd_per_month:
            dearest = ", ".join(
                f"{each.name} {each.usd_per_month_high:,.2f}" for each in estimate.by(Key.ADDRESS)[:_SHOWN]
            )
            message = f"{self.stack} costs {total:,.2f} USD a month, expected below {usd_per_month:,.2f}: {dearest}"
            raise AssertionError(message)

    def normalized(self, *blocks: str) -> dict[str, Any]:
        """The stack without parts that depend on versions and machines, for snapshots.

        Args:
            blocks: the only blocks, such as `resource` and `data`. Default: all.
        """
        document = {name: each for name, each in self.document.items() if not blocks or name in blocks}
        return normalizing.normalized(document)

    def _only(
        self, type_name: str, properties: object, kind: Literal["resource", "data"]
    ) -> tuple[str, dict[str, Any]]:
        found = self.find(type_name, properties, kind=kind)
        if not found:
            raise AssertionError(self._no_match(type_name, properties, kind))
        if len(found) > 1:
            message = f"{len(found)} of {type_name} match in {self.stack}, expected one: {', '.join(found)}"
            raise AssertionError(message)
        return next(iter(found.items()))

    def _of_type(self, type_name: str, kind: str) -> dict[str, dict[str, Any]]:
        prefix = "" if kind == "resource" else "data."
        named: Mapping[str, dict[str, Any]] = self.document.get(kind, {}).get(type_name, {})
        return {f"{prefix}{type_name}.{name}": normalizing.without_notes(values) for name, values in named.items()}

    def _no_match(self, type_name: str, properties: object, kind: str) -> str:
        existing = self._of_type(type_name, kind)
        if not existing:
            types = ", ".join(sorted(self.document.get(kind, {}))) or "none"
            return f"{self.stack} has no {type_name}. Its types: {types}"
        differences: dict[str, list[Mismatch]] = {
            address: mismatches(properties, values) for address, values in existing.items()
        }
        nearest = min(differences, key=lambda address: _distance(differences[address]))
        lines = [f"  {each}" for each in differences[nearest][:_SHOWN]]
        if len(differences[nearest]) > _SHOWN:
            lines.append(f"  and {len(differences[nearest]) - _SHOWN} more")
        of = f" of {len(existing)}" if len(existing) > 1 else ""
        return "\n".join([f"no {type_name} in {self.stack} matches. The nearest{of} is {nearest}:", *lines])


def _distance(differences: list[Mismatch]) -> tuple[int, float]:
    """The number of differences; of equally many, the dissimilarity of their values."""
    similar = sum(SequenceMatcher(None, each.expected, each.found, autojunk=False).ratio() for each in differences)
    return len(differences), -similar
