"""Renders a page in a headless Chromium as a phone would, and says what runs out of it or overlaps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
PHONE = 360  # px

# The frame has the width of the phone whatever the least width of a browser's window is.
_HARNESS = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="phone" src="SOURCE" style="border:0;width:WIDTHpx;height:HEIGHTpx"></iframe><pre id="found"></pre><script>
const name = one => one.tagName.toLowerCase() + (one.className && one.className.baseVal === undefined
  ? "." + one.className : "") + " " + one.textContent.trim().slice(0, 40);
const scrolled = one => {
  for (let box = one.parentElement; box; box = box.parentElement) {
    const style = getComputedStyle(box);
    if (["auto", "scroll", "hidden"].includes(style.overflowX) && box.clientWidth <= WIDTH
        && box !== box.ownerDocument.documentElement && box !== box.ownerDocument.body) return true;
  }
  return false;
};
const hasText = one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
document.getElementById("phone").onload = event => {
  const page = event.target.contentDocument, wide = [], texts = [], overlaps = [];
  for (const one of page.querySelectorAll("body *, svg, svg *")) {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || ["script", "style", "title"].includes(one.tagName.toLowerCase())) continue;
    // a menu that waits beside the page, or that is not shown
    if (box.right <= 0 || !one.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) continue;
    if ((box.right > WIDTH + 1 || box.left < -1) && !scrolled(one)) wide.push(name(one));
    if (hasText(one) && !scrolled(one)) texts.push(one);
  }
  const lines = one => {
    const range = page.createRange(), found = [];
    for (const node of one.childNodes) if (node.nodeType === 3 && node.textContent.trim()) {
      range.selectNodeContents(node); found.push(...range.getClientRects());
    }
    return found;
  };
  const shrunk = box => ({left: box.left + 1, right: box.right - 1,
    top: box.top + box.height / 4, bottom: box.bottom - box.height / 4});  // the letters without their line's spacing
  const crosses = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const boxes = texts.map(one => lines(one).map(shrunk));
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++)
    if (boxes[i].some(a => boxes[j].some(b => crosses(a, b))))
      overlaps.push(name(texts[i]) + " / " + name(texts[j]));
  const root = page.documentElement;
  const found = {wide, overlaps, width: root.scrollWidth, texts: texts.length};
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>"""


def look(page: Path, width: int = PHONE, height: int = 3000) -> dict:
    """{wide: elements that are wider than the page, overlaps, width: of the whole page, texts: how many were seen}.

    A picture of it is written beside the page as NAME.png.
    """
    harness = page.with_name(f"{page.stem}-phone.html")
    text = _HARNESS.replace("SOURCE", page.name).replace("WIDTH", str(width)).replace("HEIGHT", str(height))
    harness.write_text(text)
    words = [
        BROWSER, "--headless", "--disable-gpu", "--no-sandbox", "--allow-file-access-from-files", "--hide-scrollbars",
        f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=8000",
        f"--window-size={max(width, 500)},{height}",
    ]  # fmt: skip
    picture = [*words, f"--screenshot={page.with_suffix('.png')}", harness.as_uri()]
    subprocess.run(picture, capture_output=True, timeout=90, check=True, env={**os.environ, "HOME": str(page.parent)})
    done = subprocess.run(
        [*words, "--dump-dom", harness.as_uri()], capture_output=True, text=True, timeout=90, check=True,
        env={**os.environ, "HOME": str(page.parent)},
    )  # fmt: skip
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.S)
    assert found, done.stdout[-500:] + done.stderr[-500:]
    return json.loads(unescape(found[1]))
