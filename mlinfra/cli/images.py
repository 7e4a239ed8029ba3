"""`mlinfra images`: pinned machine images of nodes, and the changes of a newer image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlinfra.cli.options import AsJson, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mlinfra.catalog import ImageFamily, ImagePin
    from mlinfra.declarations import Environment
    from mlinfra.operations.images import PinChange

images = typer.Typer(
    help="Machine images that nodes boot from, pinned in environments/images.lock.json.", no_args_is_help=True
)

_Environments = Annotated[
    list[str] | None,
    typer.Argument(
        help="The environments, such as dev. Default: all of the AWS account in use.",
        metavar="ENV",
        show_default=False,
    ),
]
_Families = Annotated[
    list[str] | None,
    typer.Option(
        "--family",
        help="An image family, such as open-driver; may be given several times. Default: the families that the "
        "experiments of the environments require.",
        show_default=False,
    ),
]
_Every = Annotated[bool, typer.Option("--all", help="All image families.")]


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
            "unknown to mlinfra; requires --family if several families are pinned.",
            show_default=False,
        ),
    ] = None,
    cuda: Annotated[
        list[str] | None,
        typer.Option(
            help="A CUDA version in the image, such as 13.2; may be given several times, the default version first.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the newest images into the lock file. Commit it with the code.

    A newer image creates a new version of the launch template at the next deploy. Running nodes are not replaced.
    """
    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.operations.images import pin_images
    from mlinfra.operations.terraform import project_root

    changes = pin_images(
        _selected(environments),
        project_root(),
        progress(),
        families=family or (),
        every=every,
        driver=driver,
        cuda=cuda or (),
    )
    if as_json:
        print_json([_facts(each) for each in changes])
    else:
        _show(changes, output_console(), done=True)


@images.command()
def diff(
    environments: _Environments = None, *, family: _Families = None, every: _Every = False, as_json: AsJson = False
) -> None:
    """Show the changes that `pin` would make, and write nothing.

    The exit code is 0 if the newest images are pinned, 2 if they are not, and 1 after an error.
    """
    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.operations.images import diff_images
    from mlinfra.operations.terraform import project_root

    changes = diff_images(_selected(environments), project_root(), progress(), families=family or (), every=every)
    if as_json:
        print_json([_facts(each) for each in changes])
    else:
        _show(changes, output_console(), done=False)
    if any(each.fields for each in changes):
        raise typer.Exit(ExitCode.DIFFERENCE)


@images.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the pinned images."""
    from mlinfra.catalog import IMAGE_FAMILIES, IMAGE_LOCK_FILE, ImageLock, place_name
    from mlinfra.cli.presentation import print_json, print_table, table
    from mlinfra.operations.terraform import project_root

    lock = ImageLock.load(project_root() / IMAGE_LOCK_FILE)
    if as_json:
        print_json(
            [
                {"family": name, "region": region, "emulated": place != "aws", **pinned.model_dump(mode="json")}
                for place, region, name, pinned in lock
            ]
        )
        return
    shown = table("Family", "Region", "Image", "Release", "Created", "Driver", "CUDA")
    for place, region, name, pinned in lock:
        family = IMAGE_FAMILIES[name]
        shown.add_row(
            name,
            region if place == "aws" else f"{region} of {place_name(emulated=True)}",
            pinned.image_id,
            pinned.name.removeprefix(family.name_pattern.removesuffix("*")),
            str(pinned.created),
            *_versions(family, pinned),
        )
    print_table(shown)


def _selected(names: Sequence[str] | None) -> tuple[Environment, ...]:
    """The environments called `names`; without names, all environments of the AWS account in use."""
    from mlinfra.cli.presentation import print_skipped
    from mlinfra.declarations import load_environments
    from mlinfra.operations.aws import reachable
    from mlinfra.operations.terraform import project_root

    root = project_root()
    if names:
        return tuple(each for name in dict.fromkeys(names) for each in load_environments(root, only=name, judged=False))
    declared = load_environments(root, judged=False)
    found = reachable(declared)
    print_skipped([each.name for each in declared if each not in found])
    return found


def _show(changes: Sequence[PinChange], console: Console, *, done: bool) -> None:
    if not changes:
        console.print("No experiment requires an image of AWS. --all selects all image families.")
    for each in changes:
        _show_change(each, console, done=done)


def _show_change(change: PinChange, console: Console, *, done: bool) -> None:
    from rich.markup import escape

    from mlinfra.catalog import place_name

    where = f"{change.family.name}, {change.region} of {place_name(emulated=change.emulated)}"
    before, after = change.before, change.after
    if not change.fields:
        console.print(f"\n[bold]{where}[/]: the newest image is pinned, {after.image_id}")
    else:
        verb = "is pinned now" if done else "is not pinned" if before is None else "would change"
        console.print(f"\n[bold]{where}[/]: {verb}")
        old = _values(change.family, before) if before else {}
        for name, value in _values(change.family, after).items():
            differs = before is not None and old[name] != value
            console.print(
                f"  {name:<12} {escape(f'{old[name]} -> {value}' if differs else value)}",
                style="yellow" if differs else "",
            )
    if change.replaces_image and change.clusters:
        console.print(
            f"  {', '.join(change.clusters)}: the next deploy creates a new version of the launch template. New nodes "
            f"boot from the new image; running nodes are not replaced."
        )
    if change.family.has_nvidia_driver and not (after.driver and after.cuda):
        console.print(
            f"  [yellow]![/] The driver and CUDA versions of this image are unknown: AWS does not state them, and "
            f"mlinfra does not have its release notes. To record them: --family {change.family.name} --driver VERSION "
            f"--cuda VERSION"
        )
    for warning in change.warnings:
        console.print(f"  [yellow]![/] {escape(warning)}")


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
    """The driver and CUDA versions as text."""
    if not family.has_nvidia_driver:
        return "none", "none"
    return pin.driver or "unknown", " ".join(pin.cuda) or "unknown"


def _facts(change: PinChange) -> dict[str, Any]:
    return {
        "family": change.family.name,
        "region": change.region,
        "emulated": change.emulated,
        "before": change.before.model_dump(mode="json") if change.before else None,
        "after": change.after.model_dump(mode="json"),
        "changed_fields": change.fields,
        "replaces_image": change.replaces_image,
        "clusters": change.clusters,
        "warnings": change.warnings,
    }
