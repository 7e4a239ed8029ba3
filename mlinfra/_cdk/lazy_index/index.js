"use strict";
// Runs inside jsii's node process, as an ordinary jsii package (see ../node_package.py).
//
// The index of @cdktf/provider-aws has 2,212 lines of `exports.x = require("./x")`, which load all modules. Here, each
// line is replaced by a getter, so that node reads a module at its first use. jsii finds a type by reading the exports
// (`index.s3Bucket.S3Bucket`), which works with getters too.

const fs = require("fs");
const Module = require("module");
const threads = require("worker_threads");

const INDEX = /[\\/]node_modules[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const REEXPORT = /^exports\.(\w+) = require\("(\.\/[a-z0-9-]+)"\);$/;
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

/** The re-exports of an index as [name, path] pairs. Empty if it contains anything else. */
function reexportsOf(source) {
  const pairs = [];
  for (const line of source.replace(LICENSE_COMMENT, "").split(/\r?\n/)) {
    const reexport = REEXPORT.exec(line);
    if (reexport) {
      pairs.push([reexport[1], reexport[2]]);
    } else if (!BOILERPLATE.some((shape) => shape.test(line))) {
      return [];
    }
  }
  return pairs;
}

let outcome = "pending";
const stockLoad = Module._extensions[".js"];

Module._extensions[".js"] = function loadLazily(module, filename) {
  if (!INDEX.test(filename)) {
    stockLoad(module, filename);
    return;
  }
  // There is only one such file: restore the state of node.
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

exports.LazyIndex = class LazyIndex {
  /** "pending" (the provider is not loaded yet), "lazy", or "unexpected" (loaded as a whole). */
  static get outcome() {
    return outcome;
  }

  /** The number of indexes of types that jsii is still writing. */
  static get writing() {
    return writing;
  }
};
