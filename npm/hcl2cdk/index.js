// Every cdktf command requires @cdktf/hcl2cdk, which loads jsii-rosetta and TypeScript. Only `convert`, `init` and
// `provider add` use it.
"use strict";

const names = [
  "CODE_MARKER",
  "attributeNameToCdktfName",
  "convert",
  "convertProject",
  "convertToTypescript",
  "getParsedHcl",
  "getTerraformConfigFromDir",
  "isRegistryModule",
  "parseProviderRequirements",
];

for (const name of names) {
  Object.defineProperty(exports, name, {
    enumerable: true,
    get: () => require("hcl2cdk-at-first-use")[name],
  });
}
