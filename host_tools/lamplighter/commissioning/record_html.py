"""A record as one page of HTML: to be read on a screen, printed on A4, and held against the JSON by its fingerprint."""

from __future__ import annotations

from html import escape
from typing import Any

from ..roster.results import DONE
from . import check_sentences, label_sheet, record_file

_STYLE = """
@page { size: A4; margin: 12mm }
* { box-sizing: border-box }
body { font: 10pt/1.35 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #111; margin: 0 auto; max-width: 186mm;
  padding: 4mm 0 }
header { display: flex; gap: 8mm; align-items: center; border-bottom: .6mm solid #111; padding-bottom: 3mm }
header div { flex: 1 }
h1 { font-size: 24pt; line-height: 1.1; margin: 0; overflow-wrap: anywhere } h1.long { font-size: 14pt }
h2 { font-size: 11pt; margin: 4.5mm 0 1mm }
header p { margin: 1mm 0 0 }
header p:first-child { color: #555; margin: 0 }
.verdict { display: inline-block; padding: .6mm 3mm; border: .4mm solid; border-radius: 1mm; font-weight: bold }
.good { color: #05603a } .open { color: #8a4b00 }
td { overflow-wrap: anywhere }
svg.qr { width: 34mm; height: 34mm; flex: none }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .5mm 2mm .5mm 0; border-bottom: .15mm solid #ccc; vertical-align: top }
th { font-weight: normal; color: #555; white-space: nowrap }
table.facts th { width: 34mm }
.checks { columns: 2; column-gap: 8mm } .checks table { break-inside: auto } .checks tr { break-inside: avoid }
.checks.many { font-size: 7pt; line-height: 1.15 } .many td { padding: .25mm 2mm .25mm 0 }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.mono { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 8.5pt; overflow-wrap: anywhere }
footer { margin-top: 5mm; padding-top: 2mm; border-top: .15mm solid #999; color: #444; font-size: 8.5pt }
.sign { display: flex; gap: 10mm; margin-top: 11mm }
.sign span { flex: 1; border-top: .2mm solid #111; padding-top: 1mm }
@media (max-width: 600px) {
  body { padding: 4mm }
  header, .sign { flex-wrap: wrap }
  header div { flex-basis: 40mm; min-width: 0 }
  .checks { columns: 1 }
  th, td.n { white-space: normal }
  table.facts th { width: 24mm }
  .sign span { flex-basis: 100%; margin-top: 8mm }
}
"""
_MANY = 26  # checks that fit in the usual size


def page(envelope: dict[str, Any]) -> str:
    """The whole document; needs nothing from elsewhere."""
    record, proof = envelope["record"], record_file.fingerprint(envelope)
    done = record["verdict"] == DONE
    verdict = "commissioned" if done else "commissioned; broker check postponed"
    code = label_sheet.code_svg(f"{record['asset']} {record['mac']} {proof}")
    many = " many" if len(record["checks"]) > _MANY else ""
    long = ' class="long"' if len(record["asset"]) > 24 else ""
    checks = "".join(_check(row) for row in record["checks"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(record["asset"])}: commissioning record</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<header><div><p>Commissioning record</p><h1{long}>{escape(record["asset"])}</h1>
<p>{escape(record["site"])}/{escape(record["node"])}{escape(_place(record))}</p>
<p><span class="verdict {"good" if done else "open"}">{verdict}</span></p></div>{code}</header>
<h2>Lamppost</h2><table class="facts">{"".join(_fact(*fact) for fact in _facts(record))}</table>
<h2>{_count(record["checks"])} of the self-test, all within their limits</h2>
<div class="checks{many}"><table>{checks}</table></div>
<footer><p>Signed {escape(_time(envelope["at"]))} by {escape(record["signer"])}; fingerprint
<span class="mono">{proof}</span>. Check the record itself: <span class="mono">lamplighter verify
{escape(record["id"])}.json</span></p>
<div class="sign"><span>Date, name</span><span>Signature</span></div></footer>
</body></html>
"""


def _facts(record: dict[str, Any]) -> list[tuple[str, str]]:
    firmware, broker = record["firmware"], record["broker"]
    if "postponed" in broker:
        seen = f"check postponed: {broker['postponed']}; finish with lamplighter commission --finish"
    else:
        how = "TLS, with the lamppost's own certificate" if broker["tls"] else "without TLS"
        seen = f"{broker['host']}:{broker['port']}, {how}; record {broker['b']}/{broker['s']}"
    facts = [
        ("Board", f"{record['board']}, {record['chip']}, MAC {record['mac']}"),
        ("Firmware", f"{firmware['version']}, build {firmware['build']}, MicroPython {firmware['micropython']}"),
        ("Configuration", f"{record['config']}, {record['mode']}"),
        ("Certificate", _certificate(record["certificate"])),
        ("Supply", f"last reset: {record['supply']['reset']}"),
        ("Broker", seen),
        ("Register", _register(record)),
        ("Commissioned", f"{_time(record['begun'])} to {_time(record['ended'])}, {record['tool']}"),
    ]
    if record.get("note"):
        facts.insert(0, ("Place", record["note"]))
    if broker.get("alarms"):
        facts.append(("Alarms", ", ".join(broker["alarms"])))
    return facts


def _count(checks: list[dict[str, Any]]) -> str:
    return "1 check" if len(checks) == 1 else f"{len(checks)} checks"


def _certificate(certificate: dict[str, Any] | None) -> str:
    if not certificate:
        return "none: this lamppost does not use TLS"
    return f"{certificate['serial']}, valid until {certificate['ends'][:10]}"


def _register(record: dict[str, Any]) -> str:
    register, before = record["register"], record["swapped_from"]
    if not before:
        return "goes on" if register["from"] == "itself" else "starts from this lamppost's meter"
    start = f"continues at {register['imp_mwh']} mWh, boots at {register['boot'] + 1}, from {register['from']}"
    return f"this node replaces {before}: its register {start}"


def _check(row: dict[str, Any]) -> str:
    said = {key: escape(text) for key, text in check_sentences.cells(row).items()}
    low, high, unit = said["low"], said["high"], said["unit"]
    limits = f"{low} … {high}" if low and high else f"≥ {low}" if low else f"≤ {high}" if high else ""
    measured = f"{said['value']} × {unit}" if unit[:1].isdigit() else f"{said['value']} {unit}"
    return (
        f"<tr><td>{said['mark']} {said['check']}</td><td>{said['what']}</td>"
        f'<td class="n">{measured}</td><td class="n">{limits}</td></tr>'
    )


def _fact(name: str, words: str) -> str:
    return f"<tr><th>{escape(name)}</th><td>{escape(words)}</td></tr>"


def _place(record: dict[str, Any]) -> str:
    where = record["location"]
    return f" · {where['lat']}, {where['lon']}" if where else ""


def _time(text: str) -> str:
    return text.replace("T", " ").replace("+00:00", " UTC")
