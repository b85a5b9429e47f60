// In the place of node:assert for libraries that only ask whether something holds: Node's own loads colours, streams and
// the comparison of trees.
function assert(value, message) {
  if (!value) throw message instanceof Error ? message : new Error(message ?? "an assertion of a library failed");
}

module.exports = Object.assign(assert, {
  equal: (actual, expected, message) => assert(actual === expected, message),
});
