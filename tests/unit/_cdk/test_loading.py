"""Lazy loading of the provider bindings changes the duration, and nothing else.

In scripts, LIBRARY and BINDINGS are the Python packages of the family that the tests run on, and ASSEMBLY its bindings
in JavaScript.

Loading applies to a whole process, so each test starts one. Tests of bindings with an unexpected form use a provider of
two modules with the layout of the real one.
"""

import ast
import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path
from typing import Any, Protocol

import pytest

from mlinfra.cdk_family import CDKTF, present

pytestmark = pytest.mark.lengthy

FAMILY = present()
REPOSITORY = Path(__file__).parents[3]
NODE_VERSION = subprocess.run(
    ["node", "--version"],  # noqa: S607  the node that jsii will find
    capture_output=True,
    text=True,
    check=True,
).stdout.strip()
BANNER_SWITCH = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"

STACK = """
    from mlinfra._cdk import (
        App,
        AssetType,
        IValidation,
        TerraformAsset,
        TerraformOutput,
        TerraformResourceLifecycle,
        TerraformStack,
        implements,
    )
    from mlinfra._cdk.aws import provider, s3_bucket

    @implements(IValidation)
    class Validation:
        def __init__(self, stack, output=None):
            self.stack = stack
            self.output = output

        def validate(self):
            self.stack.to_terraform()
            if self.output:
                TerraformOutput(self.stack, self.output, value="added by a validation")
            return []

    app = App(outdir=sys.argv[1])
    stack = TerraformStack(app, "lake")
    provider.AwsProvider(stack, "aws", region="us-east-1")
    bucket = s3_bucket.S3Bucket(
        stack,
        "raw",
        bucket="recsys-raw",
        versioning=s3_bucket.S3BucketVersioning(enabled=True),
        lifecycle_rule=[
            s3_bucket.S3BucketLifecycleRule(
                enabled=True,
                noncurrent_version_expiration=s3_bucket.S3BucketLifecycleRuleNoncurrentVersionExpiration(days=30),
            )
        ],
        lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
    )
    TerraformAsset(stack, "code", path=sys.argv[2], type=AssetType.ARCHIVE)
    for each in (stack, bucket):
        each.node.add_validation(Validation(stack))
    app.synth()
    bucket.node.add_validation(Validation(stack, "second"))
    app.synth()
"""

# Every script ends by printing what it found, as JSON; `loaded` names the bindings' modules imported so far.
PRELUDE = """
    import json, os, subprocess, sys, warnings

    def loaded():
        return sorted(name for name in sys.modules if name.startswith("BINDINGS.") and "._" not in name)

    def warned(import_it):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import_it()
        return [str(warning.message) for warning in caught if "mlinfra" in str(warning.message).lower()]

    def import_mlinfra():
        import mlinfra._cdk
"""


class Run(Protocol):
    """Run a script in a fresh process and return what it printed, read as JSON, or else its error output."""

    def __call__(self, script: str, *arguments: str, **environment: str) -> Any: ...


@pytest.fixture
def run() -> Run:
    inherited = {name: value for name, value in os.environ.items() if name != BANNER_SWITCH}
    names = {"LIBRARY": FAMILY.name, "BINDINGS": FAMILY.provider, "ASSEMBLY": FAMILY.provider_assembly}

    def run(script: str, *arguments: str, **environment: str) -> Any:
        program = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
        for placeholder, name in names.items():
            program = program.replace(placeholder, name)
        completed = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=inherited | {"PYTHONPATH": str(REPOSITORY), "MLINFRA_STOCK_LOADING": "0"} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stderr
        return json.loads(completed.stdout) if completed.stdout else completed.stderr

    return run


def test_both_ways_of_loading_write_the_same_bytes(run: Run, tmp_path: Path) -> None:
    code = tmp_path / "code" / "code.py"
    code.parent.mkdir()
    code.write_text("print()")
    os.utime(code, (1_800_000_000, 1_800_000_000))
    run(STACK, str(tmp_path / "lazy"), str(code.parent), MLINFRA_STOCK_LOADING="0")
    bindings = os.pathsep.join([str(_with_few_modules(tmp_path)), str(REPOSITORY)])
    run(STACK, str(tmp_path / "stock"), str(code.parent), MLINFRA_STOCK_LOADING="1", PYTHONPATH=bindings)
    lazy, stock = (_contents(tmp_path / way) for way in ("lazy", "stock"))
    assert b'"days": 30' in lazy["stacks/lake/cdk.tf.json"]
    assert b"added by a validation" in lazy["stacks/lake/cdk.tf.json"]
    assert any(name.endswith("archive.zip") for name in lazy)
    assert lazy == stock


def _with_few_modules(folder: Path) -> Path:
    """A package of the bindings whose `__init__` imports only the modules of STACK: compiling all takes a minute."""
    spec = importlib.util.find_spec(FAMILY.provider)
    assert spec
    assert spec.origin
    init = Path(spec.origin).read_text(encoding="utf-8").partition("\nfrom . import ")[0]
    assert "publication.publish()" in init
    package = folder / "bindings" / FAMILY.provider
    package.mkdir(parents=True)
    # It extends its path by that of the installed package, which contains the modules.
    (package / "__init__.py").write_text(f"{init}\nfrom . import provider\nfrom . import s3_bucket\n")
    return package.parent


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestLazyLoading:
    def test_imports_only_the_modules_asked_for(self, run: Run, tmp_path: Path) -> None:
        modules = run(STACK + "    print(json.dumps(loaded()))", str(tmp_path / "out"), str(tmp_path))
        assert modules == [f"{FAMILY.provider}.provider", f"{FAMILY.provider}.s3_bucket"]

    def test_all_forms_of_import_return_the_same_module(self, run: Run) -> None:
        same = run("""
            import mlinfra._cdk.aws
            import BINDINGS as aws
            from BINDINGS import s3_bucket
            from BINDINGS.s3_bucket import S3Bucket
            import BINDINGS.s3_bucket as by_path

            found = [aws.s3_bucket.S3Bucket, s3_bucket.S3Bucket, by_path.S3Bucket, mlinfra._cdk.aws.s3_bucket.S3Bucket]
            print(json.dumps([each is S3Bucket for each in found]))
        """)
        assert same == [True] * 4

    def test_imports_a_module_of_mlinfra_when_one_of_its_classes_is_used(self, run: Run) -> None:
        before, after, bucket = run("""
            from mlinfra._cdk.aws import s3_bucket, sagemaker_domain

            before = loaded()
            bucket = s3_bucket.S3Bucket
            print(json.dumps([before, loaded(), bucket.__module__]))
        """)
        assert (before, after, bucket) == (
            [],
            [f"{FAMILY.provider}.s3_bucket"],
            f"{FAMILY.provider}.s3_bucket",
        )

    def test_the_stacks_of_mlinfra_load_neither_bindings_nor_boto3_before_they_are_used(self, run: Run) -> None:
        assert run("""
            import main

            print(json.dumps([loaded(), "boto3" in sys.modules]))
        """) == [[], False]

    def test_lists_all_modules_without_importing_them(self, run: Run) -> None:
        listed, modules = run("""
            import_mlinfra()
            import BINDINGS as aws

            print(json.dumps([dir(aws), loaded()]))
        """)
        assert {"s3_bucket", "sagemaker_domain", "__path__"} <= set(listed)
        assert len(listed) > 2_000
        assert modules == []

    def test_names_a_module_that_does_not_exist(self, run: Run) -> None:
        message = run("""
            from mlinfra._cdk import aws

            try:
                aws.s3_bukcet
            except AttributeError as error:
                print(json.dumps(str(error)))
        """)
        assert message == f"package '{FAMILY.provider}' has no module 's3_bukcet'"

    def test_imports_a_module_once_when_threads_race_for_it(self, run: Run) -> None:
        distinct, errors = run("""
            import threading
            from concurrent.futures import ThreadPoolExecutor
            from mlinfra._cdk import aws

            together = threading.Barrier(8)

            def first_use(_):
                together.wait()
                return aws.s3_bucket.S3Bucket

            with ThreadPoolExecutor(8) as pool:
                futures = [pool.submit(first_use, number) for number in range(8)]
            errors = [repr(each.exception()) for each in futures if each.exception()]
            print(json.dumps([len({id(each.result()) for each in futures if not each.exception()}), errors]))
        """)
        assert (distinct, errors) == (1, [])

    def test_imports_the_module_of_a_type_that_javascript_hands_over(self, run: Run) -> None:
        before, name = run("""
            import_mlinfra()
            import jsii
            from jsii._kernel.types import ObjRef

            before = loaded()
            handed_over = jsii._reference_map.resolve_reference(
                jsii.kernel, ObjRef("ASSEMBLY.dataAwsS3Bucket.DataAwsS3Bucket@10001")
            )
            print(json.dumps([before, type(handed_over).__module__]))
        """)
        assert before == []
        assert name == f"{FAMILY.provider}.data_aws_s3_bucket"

    def test_works_after_cdktf_was_imported_and_node_runs(self, run: Run) -> None:
        outcome, modules, messages = run(
            """
            import LIBRARY

            messages = warned(import_mlinfra)
            import jsii
            from mlinfra._cdk import node_package

            from mlinfra._cdk.aws import s3_bucket

            s3_bucket.S3Bucket
            print(json.dumps([jsii.sget(node_package._LazyIndex, "outcome"), loaded(), messages]))
            """,
            **{BANNER_SWITCH: "20"},
        )
        assert outcome == "lazy"
        assert modules == [f"{FAMILY.provider}.s3_bucket"]
        assert messages == []


def test_the_writer_of_zip_files_is_not_loaded(run: Run, tmp_path: Path) -> None:
    hook = tmp_path / "hook.cjs"
    hook.write_text(
        'process.on("exit", () => require("fs").writeFileSync('
        f'{json.dumps(str(tmp_path))} + "/" + process.pid + ".loaded", Object.keys(require.cache).join("\\n")));'
    )
    run("import_mlinfra()", NODE_OPTIONS=f'--require "{hook}"')
    loaded = "\n".join(path.read_text() for path in tmp_path.glob("*.loaded"))
    assert f"{FAMILY.name}/lib/private/fs.js" in loaded
    assert "archiver" not in loaded


class TestSurroundings:
    @pytest.mark.parametrize("silenced", [None, "18"], ids=["unset", "set"])
    def test_restores_the_environment(self, run: Run, silenced: str | None) -> None:
        before, after, of_a_child = run(
            """
            before = dict(os.environ)
            import_mlinfra()
            child = subprocess.run([sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"],
                                   capture_output=True, check=True)
            print(json.dumps([before, dict(os.environ), json.loads(child.stdout)]))
            """,
            NODE_OPTIONS="--max-old-space-size=4096",
            **({BANNER_SWITCH: silenced} if silenced else {}),
        )
        assert before == after
        assert before.items() <= of_a_child.items()
        assert after["NODE_OPTIONS"] == "--max-old-space-size=4096"
        assert after.get(BANNER_SWITCH) == silenced

    @pytest.mark.skipif(NODE_VERSION[:4] != "v20.", reason=f"Node is {NODE_VERSION}, which has no banner to leave out")
    def test_does_not_print_the_end_of_life_banner_of_node_20(self, run: Run) -> None:
        assert run("import_mlinfra()") == ""

    def test_a_missing_node_is_reported_with_the_action(self, run: Run) -> None:
        message = run(
            """
            try:
                import_mlinfra()
            except RuntimeError as error:
                print(json.dumps(str(error)))
            """,
            JSII_NODE="/nowhere/node",
        )
        assert message == (
            "CDK for Terraform runs on Node.js, and '/nowhere/node' was not found: "
            "install Node.js 20 or later, or set JSII_NODE to the path of its executable"
        )


class TestNode:
    def test_is_one_process(self, run: Run) -> None:
        names = run("""
            import_mlinfra()
            listed = subprocess.run(["ps", "-eo", "ppid=,comm="], capture_output=True, text=True, check=True).stdout
            children = [line.split() for line in listed.splitlines()]
            print(json.dumps([name for parent, name in children if int(parent) == os.getpid() and name != "ps"]))
        """)
        assert names == ["node"]

    def test_prints_to_the_streams_of_python(self, run: Run, tmp_path: Path) -> None:
        hook = tmp_path / "hook.cjs"
        hook.write_text('console.log("to stdout"); console.error("to stderr");')
        streams = run(
            """
            import contextlib, io

            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                import_mlinfra()
            print(json.dumps([out.getvalue(), err.getvalue()]))
            """,
            NODE_OPTIONS=f'--require "{hook}"',
        )
        assert streams == ["to stdout\n", "to stderr\n"]

    @pytest.mark.parametrize(("version", "warnings"), [("18.20.8", 1), ("20.0.0", 0), ("24.1.0", 0)])
    def test_a_version_that_is_too_old_causes_one_warning(
        self, run: Run, tmp_path: Path, version: str, warnings: int
    ) -> None:
        hook = tmp_path / "hook.cjs"
        hook.write_text(f'Object.defineProperty(process.versions, "node", {{ value: "{version}" }});')
        messages = run("print(json.dumps(warned(import_mlinfra)))", NODE_OPTIONS=f'--require "{hook}"')
        expected = (
            f"Node.js {version} is not supported by mlinfra, and synthesis may fail. Install Node.js 20 or later."
        )
        assert messages == [expected] * warnings

    def test_ends_with_python_even_if_that_is_killed(self, run: Run) -> None:
        pid = run("""
            from jsii._runtime import kernel

            import_mlinfra()
            print(kernel.provider._process._process.pid, flush=True)
            os._exit(0)
        """)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}/cmdline").exists() and b"node" in Path(f"/proc/{pid}/cmdline").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def test_runs_behind_the_relay_of_jsii_that_the_environment_names(self, run: Run, tmp_path: Path) -> None:
        script = """
            import importlib.resources, jsii._embedded.jsii as embedded, pathlib, tempfile

            folder = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1]))
            for resource, name in embedded.EMBEDDED_FILES.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(importlib.resources.files(embedded).joinpath(resource).read_bytes())
            os.environ["JSII_RUNTIME"] = str(folder / embedded.EMBEDDED_FILES[embedded.ENTRYPOINT])
            from mlinfra._cdk import App

            print(json.dumps(App(outdir=sys.argv[1]).outdir))
        """
        assert run(script, str(tmp_path)) == str(tmp_path)


INDEX = '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\n'
LAZY_INDEX = INDEX + 'exports.sqsQueue = exports.snsTopic = void 0;\nexports.sqsQueue = require("./sqs-queue");\n'
INIT = "from ._jsii import *\n\npublication.publish()\n\n# Loading modules\nfrom . import sqs_queue\n"

# The forms of the bindings of cdktn 0.24: modules are imported as objects, and the `__init__` is lazy itself.
INDEX_OF_CDKTN = """"use strict";
/**
 * Copyright
 */
var __createBinding = (this && this.__createBinding) || (Object.create ? (function(o, m, k, k2) {
    Object.defineProperty(o, k2, { enumerable: true, get: function() { return m[k]; } });
}) : (function(o, m, k, k2) {
    o[k2] = m[k];
}));
var __setModuleDefault = (this && this.__setModuleDefault) || (Object.create ? (function(o, v) {
    Object.defineProperty(o, "default", { enumerable: true, value: v });
}) : function(o, v) {
    o["default"] = v;
});
var __importStar = (this && this.__importStar) || (function () {
    return function (mod) {
        return mod;
    };
})();
Object.defineProperty(exports, "__esModule", { value: true });
exports.sqsQueue = exports.snsTopic = void 0;
// generated by cdktn get
exports.sqsQueue = __importStar(require("./sqs-queue/index"));
"""
INIT_OF_CDKTN = """import importlib as _importlib
from ._jsii import *

publication.publish()

_SUBMODULES = {
    "sqs_queue",
}

def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return _importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
"""


def provider(folder: Path, cache: Path, *, index: str = LAZY_INDEX, init: str = INIT) -> dict[str, str]:
    """Write a provider of one class with a static property; return the environment that puts it in place.

    jsii unpacks packages into `cache`.
    """
    fqn = f"{FAMILY.provider_assembly}.sqsQueue.SqsQueue"
    assembly = {
        "schema": "jsii/0.10.0",
        "name": FAMILY.provider_assembly,
        "version": "1.0.0",
        "jsiiVersion": "5.9.0",
        "types": {
            fqn: {
                "assembly": FAMILY.provider_assembly,
                "fqn": fqn,
                "kind": "class",
                "name": "SqsQueue",
                "namespace": "sqsQueue",
                "properties": [{"name": "type", "static": True, "immutable": True, "type": {"primitive": "string"}}],
            }
        },
    }
    javascript = {
        "package.json": json.dumps({"name": FAMILY.provider_assembly, "version": "1.0.0", "main": "lib/index.js"}),
        ".jsii": json.dumps(assembly),
        "lib/index.js": index,
        "lib/sqs-queue/index.js": 'exports.SqsQueue = class { static get type() { return "aws_sqs_queue"; } };\n',
    }
    load = f'jsii.JSIIAssembly.load("{FAMILY.provider_assembly}", "1.0.0", __name__[0:-6], "aws.tgz")\n'
    python = {
        "__init__.py": "import publication\n__all__ = []\n" + init,
        "_jsii/__init__.py": f"import jsii\nimport {FAMILY.name}._jsii\n{load}",
        "sqs_queue.py": f'from ._jsii import *\nclass SqsQueue:\n    __jsii_type__ = "{fqn}"\n',
    }
    package = folder / "bindings" / FAMILY.provider
    for name, text in python.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    with tarfile.open(package / "_jsii/aws.tgz", "w:gz") as archive:
        for name, text in javascript.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return {
        "PYTHONPATH": os.pathsep.join([str(package.parent), str(REPOSITORY)]),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache),
    }


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package cache in which cdktf is unpacked once. Each provider has a folder of its own in it."""
    return tmp_path_factory.mktemp("cache")


class TestFallback:
    """Bindings of an unexpected form are loaded as a whole, and work."""

    USE = """
            import jsii
            from BINDINGS.sqs_queue import SqsQueue

            print(json.dumps([jsii.sget(SqsQueue, "type"), messages]))
    """

    @pytest.mark.parametrize(
        "shape",
        [{}, {"index": INDEX_OF_CDKTN, "init": INIT_OF_CDKTN}],
        ids=["cdktf 0.21", "cdktn 0.24"],
    )
    def test_bindings_of_the_expected_form_are_lazy(
        self, run: Run, shape: dict[str, str], tmp_path: Path, cache: Path
    ) -> None:
        script = """
            messages = warned(import_mlinfra)
            from mlinfra._cdk import node_package
            import jsii
            messages.append(jsii.sget(node_package._LazyIndex, "outcome"))
        """
        assert run(script + self.USE, **provider(tmp_path, cache, **shape)) == ["aws_sqs_queue", ["lazy"]]

    @pytest.mark.parametrize(
        ("shape", "reason"),
        [
            ({"index": LAZY_INDEX + "exports.extra = compute();\nfunction compute() {}\n"}, "the JavaScript index of"),
            ({"index": LAZY_INDEX.replace('("./sqs-queue")', '("./sqs-queue/index.js")')}, "the JavaScript index of"),
            ({"index": INDEX_OF_CDKTN + "exports.extra = __importStar;\n"}, "the JavaScript index of"),
            ({"init": INIT_OF_CDKTN.replace("__getattr__", "other")}, "__init__.py does not look like a list"),
            ({"init": INIT + "sqs_queue.patched = True\n"}, "__init__.py does not look like"),
            ({"init": INIT.replace("publication.publish()\n", "")}, "__init__.py does not look like a list"),
        ],
        ids=[
            "index with code",
            "index of files",
            "index of cdktn with code",
            "init of cdktn that is not lazy",
            "init with code",
            "init without modules",
        ],
    )
    def test_warns_once_of_an_unexpected_shape(
        self, run: Run, shape: dict[str, str], reason: str, tmp_path: Path, cache: Path
    ) -> None:
        script = "            messages = warned(import_mlinfra)" + self.USE
        used, messages = run(script, **provider(tmp_path, cache, **shape))
        assert used == "aws_sqs_queue"
        assert len(messages) == 1
        assert reason in messages[0]
        assert "Set MLINFRA_STOCK_LOADING=1 to accept this and silence the warning." in messages[0]

    def test_warns_once_of_bindings_that_were_imported_before(self, run: Run, tmp_path: Path, cache: Path) -> None:
        script = """
            import BINDINGS

            messages = warned(import_mlinfra)
        """
        used, messages = run(script + self.USE, **provider(tmp_path, cache))
        assert used == "aws_sqs_queue"
        assert len(messages) == 1
        assert f"{FAMILY.provider} was imported before mlinfra" in messages[0]

    def test_is_silent_when_switched_off(self, run: Run, tmp_path: Path, cache: Path) -> None:
        modules, messages = run(
            """
            messages = warned(import_mlinfra)
            import BINDINGS

            print(json.dumps([loaded(), messages]))
            """,
            **provider(tmp_path, cache, init=INIT + "sqs_queue.patched = True\n"),
            MLINFRA_STOCK_LOADING="1",
        )
        assert modules == [f"{FAMILY.provider}.sqs_queue"]
        assert messages == []


def test_the_first_run_leaves_the_index_of_types_in_the_package_cache(run: Run, tmp_path: Path) -> None:
    # Writing the index of the real bindings takes 2 seconds; jsii's worker for the small ones is made to take one.
    slow = tmp_path / "slow.cjs"
    slow.write_text(
        'if (!require("worker_threads").isMainThread)'
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);"
    )
    run("import_mlinfra()", **provider(tmp_path, tmp_path / "cache"), NODE_OPTIONS=f'--require "{slow}"')
    assert list(tmp_path.glob(f"cache/{FAMILY.provider_assembly}/1.0.0/*/.jsii.runtime.v1.json"))


def test_the_typed_list_of_modules_is_the_one_mlinfra_uses() -> None:
    used = set()
    for path in REPOSITORY.glob("mlinfra/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "mlinfra._cdk.aws":
                used |= {name.name for name in node.names}
    assert typed_modules() == used


def typed_modules() -> set[str]:
    """Read the modules that `mlinfra/_cdk/aws.py` names for mypy."""
    tree = ast.parse((REPOSITORY / "mlinfra/_cdk/aws.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name
        for node in imports
        if node.module == CDKTF.provider  # whose types mypy reads
        for alias in node.names
    }
