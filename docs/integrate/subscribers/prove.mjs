// Proves that no record was lost: node prove.mjs HOST [PORT [MESSAGES]]; prints the result after so many messages, or
// at Ctrl-C. Needs the package mqtt 5.
import mqtt from "mqtt";

const following = new Map(), missing = new Map(); // following: node/b -> the s that comes next
const [host, port = "1883", messages = "0"] = process.argv.slice(2);
let twice = 0, left = Number(messages);

// All numbers below end are due; what has not come is missing until it comes.
function expect(node, b, end) {
  const key = `${node}/${b}`;
  for (let s = following.get(key); s < end; s++) missing.set(`${key}/${s}`, [node, b, s]);
  following.set(key, Math.max(following.get(key), end));
}

function received(topic, payload, packet) {
  if (packet.retain || !payload.length) return; // the broker's copy of an old record; the end of an alarm
  const [, , , node, ...kind] = topic.split("/"), record = JSON.parse(payload), { b, s } = record, key = `${node}/${b}`;
  if (b === undefined) return; // a message to the lamppost, not one of it
  if (kind.join("/") === "evt/boot" && following.has(`${node}/${record.last_b}`))
    expect(node, record.last_b, record.last_s + 1); // where the boot before ended
  if (s === null) return;
  if (!following.has(key)) following.set(key, s);
  if (s < following.get(key)) twice += missing.delete(`${key}/${s}`) ? 0 : 1; // missing: one that an alarm overtook
  else { expect(node, b, s); following.set(key, s + 1); }
}

const client = mqtt.connect(`mqtt://${host}:${port}`, { clientId: "prove", clean: false }); // the broker keeps what we miss
client.on("connect", () => client.subscribe("lamppost/v1/#", { qos: 1 }, () => console.log("listening")));
client.on("message", (...message) => { received(...message); if (--left === 0) end(); });
process.on("SIGINT", end);

function end() {
  console.log(JSON.stringify({ missing: [...missing.values()].sort((a, b) => a[1] - b[1] || a[2] - b[2]), twice }));
  client.end(() => process.exit(0));
}
