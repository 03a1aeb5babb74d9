"""The software bill of materials of a release, as CycloneDX 1.6 in JSON, written by CycloneDX's own library.

The firmware has no third-party component but MicroPython.
"""
# the library's decorators hide the types of its classes
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false

from __future__ import annotations

import uuid

from ..image.compile import App

_NAMESPACE = uuid.UUID("6a1d3a52-58c4-4f0b-9a6f-5d1cf39e3f5e")


def document(app: App, rows: dict[str, list]) -> bytes:
    """rows -- path -> [SHA-256, bytes, ...]. The same app gives the same bytes."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    url = PackageURL("generic", None, "lamppost", app.version, {"build": app.build})
    lamppost = Component(
        type=ComponentType.FIRMWARE, bom_ref=url.to_string(), name="lamppost", version=app.version, purl=url,
        licenses=[DisjunctiveLicense(id="Apache-2.0")],
    )  # fmt: skip
    micropython = Component(
        type=ComponentType.PLATFORM, bom_ref="micropython", name="micropython", scope=ComponentScope.REQUIRED,
        licenses=[DisjunctiveLicense(id="MIT")], description="Runs the app; a release of the app does not contain it.",
    )  # fmt: skip
    files = [
        Component(
            type=ComponentType.FILE, bom_ref=path, name=path,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=row[0])],
        )
        for path, row in rows.items()
    ]  # fmt: skip
    bill = Bom(components=[*files, micropython], serial_number=uuid.uuid5(_NAMESPACE, app.build))
    bill.metadata.timestamp = None  # it would differ each time
    bill.metadata.component = lamppost
    bill.register_dependency(lamppost, [micropython])
    return JsonV1Dot6(bill).output_as_string(indent=1).encode()
