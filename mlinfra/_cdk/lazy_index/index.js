"use strict";
// Runs inside jsii's node process, as an ordinary jsii package (see ../node_package.py).
//
// The index of @cdktf/provider-aws is 2,212 lines of `exports.x = require("./x")`: requiring it loads every resource of
// AWS. This replaces each line with a getter, so that node reads a resource's module when it is first used. jsii finds
// a type by walking the exports (`index.s3Bucket.S3Bucket`), which a getter serves just as well.

const fs = require("fs");
const Module = require("module");
const threads = require("worker_threads");

const INDEX = /[\\/]node_modules[\\/]@cdktf[\\/]provider-aws[\\/]lib[\\/]index\.js$/;
const REEXPORT = /^exports\.(\w+) = require\("(\.\/[a-z0-9-]+)"\);$/;
// Lines that the TypeScript compiler writes around the re-exports. Any other line means that the index has another
// purpose too, which a getter would silently drop.
const BOILERPLATE = [
  /^$/,
  /^"use strict";$/,
  /^\/\/.*$/,
  /^Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);$/,
  /^(exports\.\w+ = )+void 0;$/,
];
const LICENSE_COMMENT = /^\/\*[^]*?\*\/$/m;

/** The re-exports of an index as [name, path] pairs; empty where it holds anything but re-exports. */
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
  // There is one such file: leave node as it was found.
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

// On the first load of a package, jsii starts a worker that writes an index of its types to the package cache. jsii
// means to let it finish, yet exits without waiting. Loading the stock way outlasts the worker; loading lazily does not,
// and every later run would parse 130 MB of type definitions again. So count the workers, for Python to wait for.
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
  /** "pending" (the provider was not loaded yet), "lazy", or "unexpected" (loaded the stock way). */
  static get outcome() {
    return outcome;
  }

  /** How many indexes of types jsii is still writing. */
  static get writing() {
    return writing;
  }
};
