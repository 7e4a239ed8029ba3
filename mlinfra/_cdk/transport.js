"use strict";
// Loaded by node before the program of jsii (see direct_process.py), which reads and writes messages at descriptor 3.
//
// A line that begins with "~" is a request that Python sent ahead: it does not wait for the answer, because it knows it.
// The line is `~ANSWER<tab>REQUEST`. If jsii gives that answer, nothing is written. If it gives another one, nothing more
// is executed until the next ordinary request, which gets the other answer instead of being executed. The program of
// Python then ends where it would have ended with the failed request, as seen from here.
//
// "~=KEY" expects a string token, for which KEY is another name from then on.

const fs = require("fs");

const MESSAGES = 3;
const AHEAD = "~".charCodeAt(0);
const LINE_END = "\n".charCodeAt(0);
const TOKEN = /^\{"ok":\{"value":"\$\{TfToken\[([^\]"]+)\]\}"\}\}\n$/;

const stockRead = fs.readSync;
const stockWrite = fs.writeSync;
const chunk = Buffer.alloc(1 << 18);

let unread = Buffer.alloc(0);
let rest = Buffer.alloc(0); // of a line that is longer than the buffer of jsii
let expected = null; // the answer to the request that is being processed
let executed = 0; // requests sent ahead since the last ordinary one
let failed = null;

fs.readSync = function readSync(descriptor, buffer, offset, length, position) {
  if (descriptor !== MESSAGES) {
    return stockRead.apply(fs, arguments);
  }
  if (rest.length === 0) {
    const line = nextRequest();
    if (line === null) {
      return 0;
    }
    rest = line;
  }
  const copied = rest.copy(buffer, offset, 0, length);
  rest = rest.subarray(copied);
  return copied;
};

fs.writeSync = function writeSync(descriptor, data) {
  if (descriptor !== MESSAGES || expected === null) {
    return stockWrite.apply(fs, arguments);
  }
  const answer = data.toString();
  if (!isExpected(answer)) {
    failed = { request: executed, answer: JSON.parse(answer) };
  }
  executed += 1;
  expected = null;
  return data.length;
};

/** The next line that jsii executes, or null at the end of the input. */
function nextRequest() {
  for (;;) {
    const line = nextLine();
    if (line === null) {
      return null;
    }
    if (line[0] === AHEAD) {
      if (failed === null) {
        const tab = line.indexOf("\t");
        expected = line.toString("utf8", 1, tab);
        return line.subarray(tab + 1);
      }
    } else if (failed === null) {
      executed = 0;
      return line;
    } else {
      const answer = Buffer.from(`${JSON.stringify({ ahead: failed })}\n`);
      failed = null;
      executed = 0;
      writeAll(answer);
    }
  }
}

function isExpected(answer) {
  if (!expected.startsWith("=")) {
    return answer === `${expected}\n`;
  }
  const token = TOKEN.exec(answer);
  const tokens = global.__cdktfTokenMap?.stringTokenMap; // that of cdktn has the same name
  if (token === null || !tokens?.has(token[1])) {
    return false;
  }
  tokens.set(expected.slice(1), tokens.get(token[1]));
  return true;
}

function nextLine() {
  let from = 0;
  let end = unread.indexOf(LINE_END);
  while (end < 0) {
    const count = readChunk();
    if (count === 0) {
      return null;
    }
    from = unread.length;
    unread = Buffer.concat([unread, chunk.subarray(0, count)]);
    end = unread.indexOf(LINE_END, from);
  }
  const line = unread.subarray(0, end + 1);
  unread = unread.subarray(end + 1);
  return line;
}

function readChunk() {
  for (;;) {
    try {
      return stockRead.call(fs, MESSAGES, chunk, 0, chunk.length, null);
    } catch (error) {
      if (error.code !== "EAGAIN") {
        throw error;
      }
    }
  }
}

function writeAll(data) {
  let written = 0;
  while (written < data.length) {
    written += stockWrite.call(fs, MESSAGES, data, written);
  }
}
