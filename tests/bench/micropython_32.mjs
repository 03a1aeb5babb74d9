// Runs a script under the 32-bit MicroPython that .ci/micropython-32 has fetched.
// Arguments: its module, the script, and files and folders of this computer that the script finds at the same place.
import fs from "fs";
import path from "path";

const [module, script, ...shared] = process.argv.slice(2);
const { loadMicroPython } = await import(path.resolve(module));
const micropython = await loadMicroPython({
    heapsize: 4 << 20,
    stdout: (line) => console.log(line),
    stderr: (line) => console.error(line),
});

function share(place) {
    if (fs.statSync(place).isDirectory()) {
        for (const name of fs.readdirSync(place)) share(path.join(place, name));
    } else {
        micropython.FS.mkdirTree(path.dirname(place));
        micropython.FS.writeFile(place, fs.readFileSync(place));
    }
}

shared.map((place) => share(path.resolve(place)));
micropython.runPython(script);
