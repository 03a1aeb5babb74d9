// Runs Python snippets one after another in a 32-bit MicroPython; between two of them nothing is on its stack.
//
// node python32.mjs MICROPYTHON.mjs JOB.json: {"files": {path: base64}, "steps": [snippet, ...]}
import { readFileSync } from "node:fs";

const [engine, job] = process.argv.slice(2);
const { loadMicroPython } = await import(engine);
const { files, steps } = JSON.parse(readFileSync(job, "utf8"));
const python = await loadMicroPython({ heapsize: 16 * 1024 * 1024, stdout: (line) => console.log(line), linebuffer: true });
for (const [path, content] of Object.entries(files)) {
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) {
    const folder = path.slice(0, at);
    if (!python.FS.analyzePath(folder).exists) python.FS.mkdir(folder);
  }
  python.FS.writeFile(path, Buffer.from(content, "base64"));
}
try {
  for (const step of steps) python.runPython(step);
} catch (error) {
  console.error(error.message); // without the engine's own source, one line of 100 kB
  process.exit(1);
}
