"""Install the pinned Terraform into a folder: `python3 -I ci/install_terraform.py .tools`.

For runners without Terraform, such as those of GitHub. Runs on the system's Python and imports only the standard
library.
"""

import hashlib
import io
import platform
import sys
import urllib.request
import zipfile
from pathlib import Path

VERSION = "1.11.4"
DIGESTS = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
"""The SHA-256 of each archive. Source: releases.hashicorp.com, terraform_1.11.4_SHA256SUMS."""

_RELEASES = "https://releases.hashicorp.com/terraform"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TIMEOUT_S = 120


def install(folder: Path, *, releases: str = _RELEASES) -> Path:
    """Download Terraform, compare its digest, and write it to `folder`. Returns its path.

    Args:
        folder: the folder, which is created.
        releases: the address of the releases.
    """
    machine = platform.machine()
    target = f"{sys.platform}_{_ARCHITECTURES.get(machine, machine)}"
    if target not in DIGESTS:
        sys.exit(f"No digest of Terraform {VERSION} for {target} is recorded. Expected: {', '.join(DIGESTS)}.")
    address = f"{releases}/{VERSION}/terraform_{VERSION}_{target}.zip"
    with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310  an address of HashiCorp
        content = answer.read()
    digest = hashlib.sha256(content).hexdigest()
    if digest != DIGESTS[target]:
        sys.exit(f"{address} has the SHA-256 {digest}, expected {DIGESTS[target]}. Nothing was installed.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        program = archive.read("terraform")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "terraform"
    path.write_bytes(program)
    path.chmod(0o755)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the folder
        sys.exit("Expected: a folder.")
    print(install(Path(sys.argv[1])))  # noqa: T201  the result of this program
