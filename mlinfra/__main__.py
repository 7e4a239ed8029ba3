"""`python -m mlinfra`, which runs the `mlinfra` command."""

from mlinfra.cli.main import run

if __name__ == "__main__":
    run()
