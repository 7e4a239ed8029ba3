"""The commands `systemctl` and `systemd-run` of a node, for its own units.

Source: systemctl(1), systemd-run(1), systemd.service(5), read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.programs.answers import Answer, refused
from mlinfra.local_aws.nodes.rewriting import rewritten_argument
from mlinfra.local_aws.nodes.units import UnitError, unit_name

if TYPE_CHECKING:
    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.programs.answers import Call
    from mlinfra.local_aws.nodes.units import Unit

_NOT_ACTIVE: Final = 3
_NOT_FOUND: Final = 4
_NOT_LOADED: Final = 5
"""Statuses of systemctl for units that are not active, do not exist, and cannot be stopped or started."""
_NO_EFFECT: Final = frozenset(
    {"daemon-reload", "daemon-reexec", "enable", "disable", "reset-failed", "restart", "reload", "mask", "unmask"}
)
_RUN_OPTIONS_WITH_VALUE: Final = {
    "--unit": "--unit",
    "-u": "--unit",
    "--property": "--property",
    "-p": "--property",
    "--setenv": "--setenv",
    "-E": "--setenv",
    "--working-directory": "--working-directory",
    "--description": "--description",
    "--slice": "--slice",
    "--uid": "--uid",
    "--gid": "--gid",
    "--service-type": "--service-type",
}
_RUN_FLAGS: Final = frozenset({"--collect", "-G", "--no-block", "--quiet", "-q", "--no-ask-password", "--system"})


def run_transient(node: Node, call: Call) -> Answer:
    """`systemd-run`: a transient service."""
    options: dict[str, list[str]] = {}
    words = list(call.arguments)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word in _RUN_FLAGS:
            continue
        if word == "--":
            break
        if name not in _RUN_OPTIONS_WITH_VALUE:
            return refused("systemd-run", f"the local AWS has no option {name}")
        options.setdefault(_RUN_OPTIONS_WITH_VALUE[name], []).append(value if equals else words.pop(0))
    if not words:
        return refused("systemd-run", "Command line to execute required.")
    variables = dict(each.partition("=")[::2] for each in options.get("--setenv", ()))
    for each in options.get("--property", ()):
        name, _, value = each.partition("=")
        if name == "Environment":
            variables.update([value.strip('"').partition("=")[::2]])
    name = unit_name(options.get("--unit", ["run-transient"])[-1])
    directory = options.get("--working-directory", ["/root"])[-1]
    try:
        node.units.start_transient(
            name,
            [rewritten_argument(each, node.root) for each in words],
            variables=variables,
            directory=rewritten_argument(directory, node.root),
        )
    except UnitError as error:
        return refused("systemd-run", str(error))
    return Answer(errors=f"Running as unit: {name}\n")


def control(node: Node, call: Call) -> Answer:
    """`systemctl`."""
    words = [each for each in call.arguments if not each.startswith("-")] or ["list-units"]
    verb, *names = words
    if verb == "list-units":
        return Answer("".join(f"{unit.name} loaded {unit.state}\n" for unit in node.units.all()))
    if verb in {"is-active", "is-failed", "show", "status"}:
        return _query(node, verb, names, call)
    if verb == "cat":
        return _file(node, names)
    if verb in {"stop", "kill"}:
        found = [node.units.stop(unit_name(each)) for each in names]
        return Answer(status=0 if all(found) else _NOT_LOADED)
    if verb == "start" or (verb in _NO_EFFECT and "--now" in call.arguments):
        return _start(node, verb, names)
    return Answer() if verb in _NO_EFFECT else refused("systemctl", f"the local AWS has no {verb}")


def _start(node: Node, verb: str, names: list[str]) -> Answer:
    for each in names:
        try:
            node.units.start(unit_name(each))
        except UnitError as error:
            # Services of the image that a boot enables, such as docker, are not simulated.
            if verb == "start":
                return refused("systemctl", str(error), _NOT_LOADED)
    return Answer()


def _file(node: Node, names: list[str]) -> Answer:
    file = node.root / "etc/systemd/system" / "".join(names)
    if file.is_file():
        return Answer(file.read_text(encoding="utf-8"))
    return refused("systemctl", f"No files found for {' '.join(names)}.")


def _query(node: Node, verb: str, names: list[str], call: Call) -> Answer:
    unit = node.units.find(unit_name(names[0])) if names else None
    state = unit.state if unit else "inactive"
    if verb == "show":
        return Answer(_properties(unit, call))
    if verb == "is-failed":
        return Answer(f"{state}\n", status=0 if state == "failed" else 1)
    quiet = "--quiet" in call.arguments or "-q" in call.arguments
    status = 0 if state == "active" else _NOT_FOUND if unit is None and verb == "status" else _NOT_ACTIVE
    return Answer("" if quiet else f"{state}\n", status=status)


def _properties(unit: Unit | None, call: Call) -> str:
    running = unit.running if unit else None
    known = {
        "LoadState": "loaded" if unit else "not-found",
        "ActiveState": unit.state if unit else "inactive",
        "SubState": "running" if unit and unit.state == "active" else "dead",
        "MainPID": str(running.pid or 0) if running and running.code is None else "0",
        "ExecMainStatus": str(running.code or 0) if running else "0",
        "Result": "exit-code" if unit and unit.state == "failed" else "success",
    }
    asked: list[str] = []
    words = list(call.arguments)
    for index, word in enumerate(words):
        if word.startswith(("--property=", "-p=")):
            asked += word.partition("=")[2].split(",")
        elif word in {"-p", "--property"}:
            asked += words[index + 1].split(",")
    chosen = [each for each in asked if each in known] or list(known)
    if "--value" in words:
        return "".join(f"{known[each]}\n" for each in chosen)
    return "".join(f"{each}={known[each]}\n" for each in chosen)
