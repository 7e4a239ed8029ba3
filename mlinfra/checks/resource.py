"""A resource as checks read it: with the values of its declaration at synth, or those of a plan."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNREADABLE: Final = object()


class UnreadableValueError(Exception):
    """A check reads a value that is unknown or sensitive. mlinfra reports it; checks need not catch it."""

    def __init__(self, path: str, reason: str) -> None:
        """Name the attribute.

        Args:
            path: the attribute, such as `versioning_configuration.status`.
            reason: the reason, such as `known after apply`.
        """
        super().__init__(f"{path} is {reason}")
        self.path = path
        self.reason = reason


class Resource:
    """A resource that is declared, or that a plan creates or changes.

    Paths name attributes in Terraform's words, and blocks without their index: `root_block_device.encrypted`.
    """

    def __init__(
        self,
        address: str,
        type_name: str,
        values: Mapping[str, Any],
        *,
        unknown: object = None,
        sensitive: object = None,
        references: bool = False,
    ) -> None:
        """View a resource.

        Args:
            address: the address, such as `aws_instance.bastion_1A2B`.
            type_name: the type, such as `aws_instance`.
            values: the attributes.
            unknown: the marks of unknown values, in the shape of the values, as in a plan. Default: none.
            sensitive: the marks of sensitive values. Default: none.
            references: True: texts such as `${aws_kms_key.x.arn}` are references, as in Terraform JSON.
        """
        self.address = address
        """The address, such as `aws_instance.bastion_1A2B`."""
        self.type = type_name
        """The type, such as `aws_instance`."""
        self._values = values
        self._unknown = unknown
        self._sensitive = sensitive
        self._references = references
        self._unreadable = "a reference" if references else "known after apply"

    def get(self, path: str, default: Any = None) -> Any:  # noqa: ANN401  a value of any resource
        """The value at a path: of several blocks, that of the first one that has it.

        Args:
            path: the attribute, such as `root_block_device.encrypted`.
            default: the result if the attribute is not set. Default: None.

        Raises:
            UnreadableValueError: if it is known only after apply, or sensitive.
        """
        return next(iter(self.all(path)), default)

    def all(self, path: str) -> list[Any]:
        """The values at a path in all blocks, without those that are not set.

        Args:
            path: the attribute, such as `ebs_block_device.encrypted`.

        Raises:
            UnreadableValueError: if one is known only after apply, or sensitive.
        """
        steps = path.split(".")
        if any(True for _ in _marked(self._sensitive, steps)):
            raise UnreadableValueError(path, "sensitive")
        found = [each for each in self._walk(self._values, self._unknown, steps) if each is not None]
        if _UNREADABLE in found:
            raise UnreadableValueError(path, self._unreadable)
        return found

    def blocks(self, path: str) -> list[Resource]:
        """The blocks at a path, each with `get`, `all`, `blocks` and `has` of its own.

        Args:
            path: the block, such as `ebs_block_device`.

        Raises:
            UnreadableValueError: if it is known only after apply whether there are any.
        """
        found = [*_parts(self._values, self._unknown, self._sensitive, path.split("."))]
        if any(unknown is True or (self._references and _is_reference(values)) for values, unknown, _ in found):
            raise UnreadableValueError(path, self._unreadable)
        return [
            Resource(self.address, self.type, values, unknown=unknown, sensitive=sensitive, references=self._references)
            for values, unknown, sensitive in found
            if isinstance(values, dict)
        ]

    def has(self, path: str) -> bool:
        """True if an attribute is set, also to a value that is known only after apply, or that is sensitive."""
        steps = path.split(".")
        return any(each is not None for each in self._walk(self._values, self._unknown, steps))

    def _walk(self, value: Any, unknown: Any, steps: list[str]) -> Iterator[Any]:  # noqa: ANN401
        if unknown is True or (self._references and _is_reference(value)):
            yield _UNREADABLE
        elif isinstance(value, list) or isinstance(unknown, list):
            elements = value if isinstance(value, list) else []
            marks = unknown if isinstance(unknown, list) else []
            if not steps:
                yield _UNREADABLE if _any_true(marks) else value
                return
            for each, mark in zip_longest(elements, marks):
                yield from self._walk(each, mark, steps)
        elif not steps:
            yield _UNREADABLE if _any_true(unknown) else value
        else:
            inner = value.get(steps[0]) if isinstance(value, dict) else None
            mark = unknown.get(steps[0]) if isinstance(unknown, dict) else None
            yield from self._walk(inner, mark, steps[1:])


def _parts(value: Any, unknown: Any, sensitive: Any, steps: list[str]) -> Iterator[tuple[Any, Any, Any]]:  # noqa: ANN401
    """The values at a path in all blocks, with their marks."""
    if unknown is True:
        yield None, True, sensitive
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _parts(each, _element(unknown, number), sensitive, steps)
    elif not steps:
        yield value, unknown, sensitive
    elif isinstance(value, dict) or isinstance(unknown, dict):
        inner, mark = (each.get(steps[0]) if isinstance(each, dict) else None for each in (value, unknown))
        yield from _parts(inner, mark, _inner(sensitive, steps[0]), steps[1:])


def _element(marks: Any, number: int) -> Any:  # noqa: ANN401
    return marks[number] if isinstance(marks, list) and number < len(marks) else marks if marks is True else None


def _inner(marks: Any, name: str) -> Any:  # noqa: ANN401
    """The marks of an attribute, in all elements of a list: of a plan, those before and those after the change."""
    if isinstance(marks, list):
        return [_inner(each, name) for each in marks]
    return marks.get(name) if isinstance(marks, dict) else marks


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith("${") and value.endswith("}")


def _marked(marks: Any, steps: list[str]) -> Iterator[bool]:  # noqa: ANN401  JSON of any shape
    """True for each mark at a path, or of a part of its value."""
    if marks is True:
        yield True
    elif isinstance(marks, list):
        for each in marks:
            yield from _marked(each, steps)
    elif isinstance(marks, dict):
        if steps:
            yield from _marked(marks.get(steps[0]), steps[1:])
        elif _any_true(marks):
            yield True


def _any_true(marks: object) -> bool:
    if isinstance(marks, dict):
        return any(map(_any_true, marks.values()))
    if isinstance(marks, list):
        return any(map(_any_true, marks))
    return marks is True
