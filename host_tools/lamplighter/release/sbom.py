"""The software bill of materials of a release, as CycloneDX 1.6 in JSON.

Written here and not by CycloneDX's own library: the firmware has no third-party component but MicroPython.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..image.compile import App

_NAMESPACE = uuid.UUID("6a1d3a52-58c4-4f0b-9a6f-5d1cf39e3f5e")


def document(app: App, rows: dict[str, list]) -> bytes:
    """rows -- path -> [SHA-256, bytes, ...]. The same app gives the same bytes."""
    reference = f"pkg:generic/lamppost@{app.version}?build={app.build}"
    files: list[dict[str, Any]] = [
        {"type": "file", "bom-ref": path, "name": path, "hashes": [{"alg": "SHA-256", "content": row[0]}]}
        for path, row in sorted(rows.items())
    ]
    return json.dumps({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, app.build)}",
        "metadata": {
            "component": {
                "type": "firmware", "bom-ref": reference, "name": "lamppost", "version": app.version, "purl": reference,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [
            *files,
            {
                "type": "platform", "bom-ref": "micropython", "name": "micropython", "scope": "required",
                "licenses": [{"license": {"id": "MIT"}}],
                "description": "Runs the app; a release of the app does not contain it.",
            },
        ],
        "dependencies": [{"ref": reference, "dependsOn": ["micropython"]}, {"ref": "micropython"}],
    }, indent=1).encode()  # fmt: skip
