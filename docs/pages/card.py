"""docs/field/card.html: one printed page for the glove box, from the words that the tools say."""

from __future__ import annotations

import re
from html import escape

from lamplighter.commissioning import check_sentences
from lamplighter.doctor.link_words import REMEDIES

from .problems import kinds

# what is met at a pole; the rest is in the troubleshooting page
AT_THE_POLE = (4, *range(10, 20), 20, 22, 24, 25, 30, 32, 33, 42, 55, 72, 75, 76, 79)
LINK = ("nowifi", "nodns", "refused", "timeout", "clock", "untrusted", "wrongname", "rejected", "badlogin",
        "notallowed", "takenover")  # fmt: skip
STYLE = """
@page { size: A4; margin: 8mm }
* { box-sizing: border-box }
body { font: 7.9pt/1.24 "Helvetica Neue", Helvetica, Arial, sans-serif; color: #000; margin: 0 auto; max-width: 192mm;
  padding: 0 }
h1 { font-size: 17pt; margin: 0 } h1 span { font-weight: normal; font-size: 10pt }
h2 { font-size: 9.5pt; margin: 2.6mm 0 .8mm; padding: .4mm 1.5mm; background: #000; color: #fff;
  -webkit-print-color-adjust: exact; print-color-adjust: exact }
code { font: bold 8pt "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: nowrap }
td code, p code { font-size: 7.2pt } td code { white-space: normal }
.steps { display: flex; gap: 3mm }
.steps div { flex: 1; border: .3mm solid #000; border-radius: 1mm; padding: 1.4mm 2mm }
.steps b { font-size: 9.5pt } .steps p { margin: .5mm 0 0 }
.columns { columns: 2; column-gap: 5mm }
table { border-collapse: collapse; width: 100% }
i { font-style: normal; white-space: nowrap }
td { padding: .35mm 1.5mm .35mm 0; border-bottom: .15mm solid #999; vertical-align: top } tr { break-inside: avoid }
td:first-child { font-weight: bold; white-space: nowrap }
.boot { display: flex; gap: 4mm; align-items: center; margin-top: 1mm } .boot svg { width: 62mm; flex: none }
.boot p { margin: 0 }
@media screen { body { padding: 8mm 4mm } }
@media (max-width: 600px) {
  body { font-size: 10pt }
  .steps, .boot { flex-wrap: wrap }
  .steps div { flex-basis: 100% }
  .columns { columns: 1 }
  code, td:first-child { white-space: normal; overflow-wrap: anywhere }
  td:first-child { min-width: 26mm }
}
"""
BOOT = """<svg viewBox="0 0 310 92" role="img" aria-label="BOOT held while EN is pressed" font-size="13"
font-family="Helvetica, Arial, sans-serif"><g fill="none" stroke="#000" stroke-width="2.5">
<path d="M60 18H90V40H250V18H300"/><path d="M60 58H130V80H190V58H300"/></g>
<text x="8" y="34" font-weight="bold">BOOT</text><text x="8" y="74" font-weight="bold">EN</text>
<text x="140" y="34">held down</text><text x="142" y="74" font-size="11">press</text></svg>"""


def content() -> str:
    said = [(kind.word, kind.remedy) for kind in kinds() if kind.exit_code in AT_THE_POLE]
    checks = [(word, text) for word, text in check_sentences.REMEDIES.items()]
    checks += [(f"{check} range", text) for check, text in check_sentences.OF_THE_NODE.items()]
    link = [(f"link: {word}", REMEDIES[word][1]) for word in LINK]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Lamplighter field card</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>
<h1>Lamplighter <span>field card: three minutes at the pole</span></h1>
<div class="steps">
<div><b>1 See it</b><p><code>lamplighter list</code></p><p>Port, MAC, name and state. Nothing there? Another cable:
many carry power only.</p></div>
<div><b>2 Commission</b><p><code>lamplighter commission ASSET</code></p><p>Supply, flash, identity, configuration,
self-test, broker, record. Pulled out? Same command again.</p></div>
<div><b>3 Not well?</b><p><code>lamplighter doctor --port PORT</code></p><p>The likeliest cause first. For support:
<code>--bundle FILE.zip</code>, without passwords and keys.</p></div>
</div>
<h2>When the chip does not enter its boot loader</h2>
<div class="boot">{BOOT}<p>Hold <b>BOOT</b>, press and release <b>EN</b>, release <b>BOOT</b>, run the command again.
Without BOOT, <b>EN</b> alone restarts the lamppost. One by one: <code>lamplighter flash</code>,
<code>lamplighter configure</code>, <code>lamplighter test</code>; a newer app alone: <code>lamplighter update</code>;
what it says: <code>lamplighter log</code>; a locked console: <code>lamplighter unlock</code>.</p></div>
<h2>What the tool says: its word, and what to do</h2>
<div class="columns"><table>{_rows(said)}</table></div>
<h2>What a failed check says</h2>
<div class="columns"><table>{_rows(checks)}</table></div>
<h2>The log's words for the connection to the broker</h2>
<div class="columns"><table>{_rows(link)}</table></div>
</body></html>
"""


def _rows(rows: list[tuple[str, str]]) -> str:
    return "".join(f"<tr><td>{escape(word)}</td><td>{_marked(text)}</td></tr>" for word, text in rows)


def _marked(text: str) -> str:
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"<i>\g<0></i>", coded)  # an option is not torn apart at its hyphens
