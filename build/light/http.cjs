// In the place of node:http for undici, which takes two things from it.
module.exports = { maxHeaderSize: 16_384, IncomingMessage: class {} };
