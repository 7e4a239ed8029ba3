"use strict";
// Runs inside jsii's node process, as an ordinary jsii package (see ../node_package.py).
//
// The index of @cdktf/provider-aws has 2,212 lines of `exports.x = require("./x")`, which load all modules; that of
// @cdktn/provider-aws has as many of `exports.x = __importStar(require("./x/index"))`, which return the same objects.
// Here, each line is replaced by a getter, so that node reads a module at its first use. jsii finds a type by reading the
// exports (`index.s3Bucket.S3Bucket`), which works with getters too.

const fs = require("fs");
const Module = require("module");
const threads = require("worker_threads");
const { withFastResolution } = require("./resolution");

const INDEX = /[\\/]node_modules[\\/]@cdkt[fn][\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const REEXPORT = /^exports\.(\w+) = (?:require\("(\.\/[a-z0-9-]+)"\)|__importStar\(require\("(\.\/[a-z0-9-]+\/index)"\)\));$/;
// Lines that the TypeScript compiler writes around the re-exports. An index with other lines does more than re-export,
// and is loaded unchanged.
const BOILERPLATE = [
  /^$/,
  /^"use strict";$/,
  /^\/\/.*$/,
  /^Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);$/,
  /^(exports\.\w+ = )+void 0;$/,
];
const LICENSE_COMMENT = /^\/\*[^]*?\*\/$/m;
// The functions with which the TypeScript compiler imports a module as an object.
const IMPORT_FUNCTIONS = /^var __(?:createBinding|setModuleDefault|importStar) = [^]*?^\}\)(?:\)|\(\))?;$/gm;

/** The re-exports of an index as [name, path] pairs. Empty if it contains anything else. */
function reexportsOf(source) {
  const pairs = [];
  for (const line of source.replace(LICENSE_COMMENT, "").replace(IMPORT_FUNCTIONS, "").split(/\r?\n/)) {
    const reexport = REEXPORT.exec(line);
    if (reexport) {
      pairs.push([reexport[1], reexport[2] ?? reexport[3]]);
    } else if (!BOILERPLATE.some((shape) => shape.test(line))) {
      return [];
    }
  }
  return pairs;
}

let outcome = "pending";
const stockLoad = Module._extensions[".js"];

Module._extensions[".js"] = function loadLazily(module, filename) {
  const change = CHANGES.find(([file]) => file.test(filename));
  if (change) {
    change[1](module, filename);
    return;
  }
  if (!INDEX.test(filename)) {
    stockLoad(module, filename);
    return;
  }
  // The index is loaded after cdktf, and there is only one such file: restore the state of node.
  Module._extensions[".js"] = stockLoad;
  threads.Worker = StockWorker;

  const reexports = reexportsOf(fs.readFileSync(filename, "utf8"));
  if (reexports.length === 0) {
    outcome = "unexpected";
    stockLoad(module, filename);
    return;
  }
  Object.defineProperty(module.exports, "__esModule", { value: true });
  for (const [name, path] of reexports) {
    Object.defineProperty(module.exports, name, {
      enumerable: true,
      configurable: true,
      get: () => module.require(path),
    });
  }
  outcome = "lazy";
};

// Changes of single files of cdktf, each of which saves 4 to 8 % of the time of node in a synth. A file that does not
// look as expected is loaded unchanged.
const CHANGES = [
  [cdktf("private/fs"), withLazyArchiver],
  [cdktf("tokens/private/resolve"), withFastTokens],
  [cdktf("tokens/private/stack-trace"), withoutStackTraces],
  [cdktf("terraform-stack"), withKeptConfiguration],
];

function cdktf(name) {
  return new RegExp(`[\\\\/]node_modules[\\\\/]cdkt[fn][\\\\/]lib[\\\\/]${name.replaceAll("/", "[\\\\/]")}\\.js$`);
}

/** The package that writes zip files has 100 modules. It is loaded at its first use, which most apps do not have. */
function withLazyArchiver(module, filename) {
  const load = module.require;
  module.require = (name) =>
    name === "archiver" ? (...args) => load.call(module, name)(...args) : load.call(module, name);
  stockLoad(module, filename);
}

function withFastTokens(module, filename) {
  stockLoad(module, filename);
  // Its class Token is complete only after this module, which it requires.
  withFastResolution(module.exports, module.require("../token"));
}

/** Each token would keep its JavaScript call stack for error messages, which contains nothing but cdktf and jsii. */
function withoutStackTraces(module, filename) {
  stockLoad(module, filename);
  // cdktf calls the first one, and cdktn the second.
  for (const name of ["captureStackTrace", "captureCreationStack"]) {
    if (typeof module.exports[name] === "function") {
      module.exports[name] = () => [];
    }
  }
}

/**
 * A validation that reads the configuration of its stack, and the output file that is written next, share one
 * evaluation of it. Each evaluates all tokens of the stack several times.
 */
function withKeptConfiguration(module, filename) {
  stockLoad(module, filename);
  const prototype = module.exports.TerraformStack?.prototype;
  if (typeof prototype?.toTerraform !== "function" || typeof prototype.runAllValidations !== "function") {
    return;
  }
  const { toTerraform, runAllValidations } = prototype;
  const validating = new WeakSet();
  const kept = new WeakMap();
  prototype.runAllValidations = function () {
    kept.delete(this);
    validating.add(this);
    try {
      runAllValidations.call(this);
    } finally {
      validating.delete(this);
    }
  };
  prototype.toTerraform = function () {
    const size = this.node.findAll().length;
    const earlier = kept.get(this);
    const configuration = earlier?.size === size ? earlier.configuration : toTerraform.call(this);
    if (validating.has(this)) {
      kept.set(this, { configuration, size });
    } else {
      kept.delete(this);
    }
    return configuration;
  };
}

// At the first load of a package, jsii starts a worker that writes an index of its types to the package cache. jsii exits
// without waiting for it. Loading all modules takes longer than the worker; lazy loading does not, and without the index
// each later run would parse 130 MB of type definitions. The workers are counted, and Python waits for them.
let writing = 0;
const StockWorker = threads.Worker;

threads.Worker = class CountedWorker extends StockWorker {
  constructor(...args) {
    super(...args);
    writing += 1;
    this.once("exit", () => {
      writing -= 1;
    });
  }
};

/** jsii leaves out members of objects that are null. */
function withoutNull(_key, value) {
  return value === null && !Array.isArray(this) ? undefined : value;
}

exports.LazyIndex = class LazyIndex {
  /** "pending" (the provider is not loaded yet), "lazy", or "unexpected" (loaded as a whole). */
  static get outcome() {
    return outcome;
  }

  /** The version of node, such as "20.20.2". */
  static get node() {
    return process.versions.node;
  }

  /** The configuration of a stack as JSON: one string, instead of an object that jsii converts value by value. */
  static configuration(stack) {
    return JSON.stringify(stack.toTerraform(), withoutNull);
  }

  /** The number of indexes of types that jsii is still writing. */
  static get writing() {
    return writing;
  }
};
