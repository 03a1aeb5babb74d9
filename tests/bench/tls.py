"""What TLS costs: the handshake, its longest step without a look at other tasks, and the memory of one session."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SESSIONS = 12

sys.path.insert(0, str(HERE.parent / "interop"))

from brokers import Mosquitto  # noqa: E402
from certificates import Authority  # noqa: E402

MICROPYTHON = Path(sys.executable).parent / "micropython"


def measure() -> dict[str, float]:
    """Medians over some sessions with server check and client certificate, ECDSA P-256, on this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder / "authority")
        theirs, ours = authority.issue("broker"), authority.issue("node", "lp-0042")
        broker = Mosquitto(folder / "broker")
        lines = broker.config.read_text().splitlines()
        lines[1:1] = [f"cafile {authority.pem}", f"certfile {theirs.crt}", f"keyfile {theirs.key}"]
        lines[1:1] = ["require_certificate true"]
        broker.config.write_text("\n".join(lines) + "\n")
        broker.start()
        try:
            command = [MICROPYTHON, "-X", "heapsize=4M", HERE / "tls_node.py", str(broker.port)]
            command += [authority.der, ours.der, ours.key_der, str(SESSIONS)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if done.returncode or not done.stdout.strip():
                raise RuntimeError(done.stdout + done.stderr)
            return json.loads(done.stdout.splitlines()[-1])
        finally:
            broker.stop()


def table(figures: dict[str, float]) -> str:
    return "\n".join(
        [
            "TLS 1.2, ECDSA P-256 on both sides, on this PC (an ESP32 takes 0.7 to 0.9 s, and about 40 kB)",
            f"  handshake up to CONNACK                   {figures['handshake_ms']:8.1f} ms",
            f"  its longest step without another task     {figures['longest_step_ms']:8.1f} ms",
            f"  memory of a session, mbedTLS              {figures['mbedtls_kb']:8.0f} kB (64 bit)",
            f"  memory of a session, Python objects       {figures['python_bytes']:8.0f} bytes (64 bit)",
        ]
    )


if __name__ == "__main__":
    print(table(measure()))
