"use strict";
// Resolving of values without tokens, which most values of a stack are.
//
// cdktf resolves each value three times in a synth (to prepare the stack, as part of its element, and as part of the
// stack) and makes a context, some closures and five regular expression tests for each string. Here, plain strings,
// numbers, lists and objects are copied directly. Values with tokens are resolved by cdktf.

const DEEPEST = 200; // as in cdktf, which reports deeper values as circular
const LARGEST_PLAIN_NUMBER = 1e200; // tokens are encoded as numbers of about -1e270 and -1e289

/** Replace `resolve` of a module of cdktf (tokens/private/resolve.js). */
exports.withFastResolution = function withFastResolution(exported, tokens) {
  const stock = exported.resolve;
  if (typeof stock !== "function" || stock.length !== 2) {
    return;
  }
  exported.resolve = function resolve(value, options) {
    if (options.previousContext !== undefined) {
      return stock(value, options);
    }
    const path = options.prefix ? [...options.prefix] : [];
    return copy(value, path, (unusual) => stock(unusual, { ...options, prefix: [...path] }), tokens.Token);
  };
};

function copy(value, path, resolve, Token) {
  switch (typeof value) {
    case "string":
      return isPlainString(value, Token) ? value : resolve(value);
    case "number":
      return isPlainNumber(value, Token) ? value : resolve(value);
    case "boolean":
    case "undefined":
      return value;
    case "object":
      if (value === null) {
        return null;
      }
      break;
    default:
      return resolve(value); // an error, such as that of a function
  }
  if (path.length >= DEEPEST || value instanceof Date) {
    return resolve(value);
  }
  return Array.isArray(value) ? copyOfList(value, path, resolve, Token) : copyOfObject(value, path, resolve, Token);
}

function copyOfList(list, path, resolve, Token) {
  for (const each of list) {
    if (typeof each === "string" ? each.includes("#{TfToken[") : typeof each === "number" && !isPlainNumber(each, Token)) {
      return resolve(list); // the whole list is a token
    }
  }
  const copied = [];
  const depth = path.length;
  for (let index = 0; index < list.length; index += 1) {
    path[depth] = `${index}`;
    const one = copy(list[index], path, resolve, Token);
    if (one !== undefined) {
      copied.push(one);
    }
  }
  path.length = depth;
  return copied;
}

function copyOfObject(object, path, resolve, Token) {
  const isToken = typeof object.resolve === "function";
  const isConstruct = object._children !== undefined && object._metadata !== undefined;
  const keys = Object.keys(object);
  if (isToken || isConstruct || !keys.every((key) => isPlainString(key, Token))) {
    return resolve(object);
  }
  const copied = {};
  const depth = path.length;
  for (const key of keys) {
    path[depth] = key;
    const one = copy(object[key], path, resolve, Token);
    if (one !== undefined) {
      copied[key] = one;
    }
  }
  path.length = depth;
  return copied;
}

/** A string without tokens. A number in a string that is a token ends in e+270 or e+289. */
function isPlainString(text, Token) {
  return (
    !text.includes("{TfToken[") &&
    !text.includes("e+") &&
    text !== Token.STRING_MAP_TOKEN_VALUE &&
    text !== Token.ANY_MAP_TOKEN_VALUE
  );
}

function isPlainNumber(number, Token) {
  return Math.abs(number) < LARGEST_PLAIN_NUMBER && number !== Token.NUMBER_MAP_TOKEN_VALUE;
}
