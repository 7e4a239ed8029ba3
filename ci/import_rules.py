"""Import rule: modules of a package are imported from outside through the package only.

Checked by `lint-imports`. A package that is added below one of the containers is covered without a change here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grimp


class PublicNamesContract(Contract):
    """Other packages import what a package's `__init__.py` publishes, never its modules."""

    type_name = "public_names"

    containers = fields.ListField(subfield=fields.StringField())
    """Packages whose subpackages are covered, each one for itself."""
    packages = fields.ListField(subfield=fields.StringField())
    """Packages that are covered themselves."""

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001  its interface
        """Find imports that pass by a package's `__init__.py`."""
        found = [
            (importer, imported, detail["line_number"])
            for package in self._covered(graph)
            for imported in sorted(graph.find_descendants(package))
            for importer in sorted(graph.find_modules_that_directly_import(imported))
            if importer != package and not importer.startswith(f"{package}.")
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import with the package to import from instead."""
        for importer, imported, line in check.metadata["found"]:
            output.print_error(f"{importer}:{line} imports {imported}. Import from its package's __init__.py instead.")

    def _covered(self, graph: grimp.ImportGraph) -> Iterator[str]:
        yield from self.packages  # type: ignore[misc]  # a field holds its value once the contract is made
        for container in self.containers:  # type: ignore[attr-defined]
            for child in sorted(graph.find_children(container)):
                if graph.find_children(child):
                    yield child
