"""`mlinfra images`: which machine images nodes boot from, and what a newer one would change."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mlinfra.catalog import ImageFamily, ImagePin
    from mlinfra.declarations import Environment
    from mlinfra.operations.images import PinChange

images = typer.Typer(
    help="The machine images that nodes boot from, pinned in environments/images.lock.json.", no_args_is_help=True
)

_Environments = Annotated[
    list[str] | None,
    typer.Argument(
        help="The environments, such as dev. Default: those of the account that the credentials at hand are of.",
        metavar="ENV",
        show_default=False,
    ),
]
_Families = Annotated[
    list[str] | None,
    typer.Option(
        "--family",
        help="An image family, such as open-driver; may be given several times. Default: those that the "
        "experiments of the environments need.",
        show_default=False,
    ),
]
_Every = Annotated[bool, typer.Option("--all", help="Every image family there is.")]

DIFFERENCE = 2
"""The exit code that says that there is a difference, as that of `terraform plan -detailed-exitcode`."""

_WIDE = 140


@images.command()
def pin(
    environments: _Environments = None,
    *,
    family: _Families = None,
    every: _Every = False,
    driver: Annotated[
        str | None,
        typer.Option(
            help="The version of NVIDIA's driver in the image, such as 595.91.07, from its release notes. For images "
            "that mlinfra does not know; needs --family where several are pinned.",
            show_default=False,
        ),
    ] = None,
    cuda: Annotated[
        list[str] | None,
        typer.Option(
            help="A CUDA version in the image, such as 13.2; may be given several times, the default one first.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the newest images into the lock, which is committed with the code.

    A newer image makes a new version of the launch template at the next deploy. Running nodes are
    not replaced.
    """
    from rich.console import Console

    from mlinfra.cli.presentation import StepsOnConsole
    from mlinfra.operations.images import pin_images
    from mlinfra.operations.terraform import project_root

    console = Console(soft_wrap=True)
    root = project_root()
    changes = pin_images(
        _chosen(environments, console),
        root,
        StepsOnConsole(console),
        families=family or (),
        every=every,
        driver=driver,
        cuda=cuda or (),
    )
    _show(changes, console, done=True)


@images.command()
def diff(environments: _Environments = None, *, family: _Families = None, every: _Every = False) -> None:
    """Show what `pin` would change, and write nothing.

    The exit code is 0 where the newest images are pinned, 2 where they are not, and 1 after an error.
    """
    from rich.console import Console

    from mlinfra.cli.presentation import StepsOnConsole
    from mlinfra.operations.images import diff_images
    from mlinfra.operations.terraform import project_root

    console = Console(soft_wrap=True)
    changes = diff_images(
        _chosen(environments, console),
        project_root(),
        StepsOnConsole(Console(stderr=True, soft_wrap=True)),
        families=family or (),
        every=every,
    )
    _show(changes, console, done=False)
    if any(each.fields for each in changes):
        raise typer.Exit(DIFFERENCE)


@images.command("list")
def list_() -> None:
    """Show the lock: every pinned image."""
    from rich.console import Console
    from rich.table import Table

    from mlinfra.catalog import IMAGE_FAMILIES, IMAGE_LOCK_FILE, ImageLock, place_name
    from mlinfra.operations.terraform import project_root

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Family", "Region", "Image", "Release", "Created", "Driver", "CUDA"):
        table.add_column(column)
    for place, region, name, pinned in ImageLock.load(project_root() / IMAGE_LOCK_FILE):
        family = IMAGE_FAMILIES[name]
        table.add_row(
            name,
            region if place == "aws" else f"{region} of {place_name(emulated=True)}",
            pinned.image_id,
            pinned.name.removeprefix(family.name_pattern.removesuffix("*")),
            str(pinned.created),
            *_versions(family, pinned),
        )
    # What is read from a pipe is read in whole lines.
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _chosen(names: Sequence[str] | None, console: Console) -> tuple[Environment, ...]:
    """The environments called `names`; without names, those that the credentials at hand belong to."""
    from mlinfra.declarations import load_environments
    from mlinfra.operations.aws import reachable
    from mlinfra.operations.terraform import project_root

    root = project_root()
    if names:
        return tuple(each for name in dict.fromkeys(names) for each in load_environments(root, only=name, judged=False))
    declared = load_environments(root, judged=False)
    found = reachable(declared)
    left = ", ".join(each.name for each in declared if each not in found)
    if left:
        console.print(f"Not asked, their accounts are others: {left}", style="dim", highlight=False)
    return found


def _show(changes: Sequence[PinChange], console: Console, *, done: bool) -> None:
    if not changes:
        console.print("No experiment needs an image of AWS. --all takes every image family.", highlight=False)
    for each in changes:
        _show_change(each, console, done=done)


def _show_change(change: PinChange, console: Console, *, done: bool) -> None:
    from rich.markup import escape

    from mlinfra.catalog import place_name

    where = f"{change.family.name}, {change.region} of {place_name(emulated=change.emulated)}"
    before, after = change.before, change.after
    if not change.fields:
        console.print(f"\n[bold]{where}[/]: the newest is pinned, {after.image_id}", highlight=False)
    else:
        verb = "is pinned now" if done else "is not pinned" if before is None else "would change"
        console.print(f"\n[bold]{where}[/]: {verb}", highlight=False)
        old = _values(change.family, before) if before else {}
        for name, value in _values(change.family, after).items():
            is_other = before is not None and old[name] != value
            console.print(
                f"  {name:<12} {escape(f'{old[name]} -> {value}' if is_other else value)}",
                style="yellow" if is_other else "",
                highlight=False,
            )
    if change.replaces_image and change.clusters:
        clusters = ", ".join(change.clusters)
        console.print(
            f"  {clusters}: the next deploy makes a new version of the launch template. New nodes boot from it, "
            f"running ones are not replaced.",
            highlight=False,
        )
    if change.family.has_nvidia_driver and not (after.driver and after.cuda):
        console.print(
            f"  [yellow]![/] AWS does not say which driver and CUDA are in this image, and mlinfra does not know "
            f"its release notes. State what they say: --family {change.family.name} --driver VERSION --cuda VERSION",
            highlight=False,
        )
    for warning in change.warnings:
        console.print(f"  [yellow]![/] {escape(warning)}", highlight=False)


def _values(family: ImageFamily, pin: ImagePin) -> dict[str, str]:
    driver, cuda = _versions(family, pin)
    return {
        "image": pin.image_id,
        "name": pin.name,
        "created": str(pin.created),
        "driver": driver,
        "CUDA": cuda,
        "root device": pin.root_device,
        "found by": pin.found_by,
    }


def _versions(family: ImageFamily, pin: ImagePin) -> tuple[str, str]:
    """The driver and the CUDA versions, in words."""
    if not family.has_nvidia_driver:
        return "none", "none"
    return pin.driver or "unknown", " ".join(pin.cuda) or "unknown"
