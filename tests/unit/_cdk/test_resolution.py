"""The fast resolution of values returns what that of cdktf returns, which it replaces."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

RESOLUTION = Path(__file__).parents[3] / "mlinfra" / "_cdk" / "lazy_index" / "resolution.js"

SCRIPT = """
const cdktf = require("cdktf");
const { withFastResolution } = require(process.argv[1]);
const stock = require("cdktf/lib/tokens/private/resolve");
const fast = { resolve: (value, options) => stock.resolve(value, options) };
withFastResolution(fast, cdktf);
const { Token, Fn, Lazy } = cdktf;
const resolver = new cdktf.DefaultTokenResolver(new cdktf.StringConcat());
const circular = {}; circular.self = circular;
const ref = new cdktf.TerraformVariable(new cdktf.TerraformStack(new cdktf.App(), "s"), "v", {}).value;
const values = [
  "plain", "", "${aws_x.y.id}", "1e+5", "a e+289 b", `a ${Token.asString(ref)} b`, 0, -1.5, 1e250, Token.asNumber(ref),
  `${Token.asNumber(ref)}`, true, null, undefined, [], {}, [[undefined, 1], { a: undefined }],
  { b: [{ c: "d" }], a: 1 },
  Token.asList(ref), [...Token.asList(ref), "b"], Token.asStringMap(ref), Token.asNumberList(ref),
  { [Token.asString(ref)]: 1 }, { a: { b: Lazy.stringValue({ produce: () => "lazy" }) } }, Fn.join(",", ["a", ref]),
  Token.nullValue(), () => 1, { a: [() => 1] }, circular, "String Map Token Value", "Any Map Token Value", -123456789,
  new cdktf.App(), { constructs: new cdktf.App() }, Token.asList(ref)[0], { date: new Date(0) },
  { [Token.asList(ref)[0]]: 1 },
  { n: NaN }, new (class Rule { constructor() { this.a = 1; } })(), Symbol("s"), 10n, { a: -1e260, b: [1e201] },
];
const outcome = (resolve, value) => {
  try {
    const resolved = resolve(value, { resolver, preparing: false, scope: undefined });
    return { type: typeof resolved, text: JSON.stringify(resolved) };
  } catch (error) {
    return { error: error.message };
  }
};
const different = values.filter((value) =>
  JSON.stringify(outcome(fast.resolve, value)) !== JSON.stringify(outcome(stock.resolve, value)));
let slow = 0;
const counted = { resolve: (value, options) => { slow += 1; return stock.resolve(value, options); } };
withFastResolution(counted, cdktf);
counted.resolve({ plain: ["a", 1, { b: true }] }, { resolver, preparing: false });
console.log(JSON.stringify({ count: values.length, different: different.map(String), slow }));
"""


def test_all_kinds_of_values_are_resolved_as_by_cdktf() -> None:
    run = subprocess.run(
        ["node", "-e", SCRIPT, str(RESOLUTION)],  # noqa: S607  as jsii finds it
        cwd=RESOLUTION.parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == {"count": 42, "different": [], "slow": 0}
