"""The report as one HTML file, which contains its figures and needs no network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from colourize.figures.saving import panels_of
from colourize.files import write_whole
from colourize.reporting.context import Figure, Section


def write_page(
    path: Path,
    title: str,
    facts: Sequence[str],
    sections: Sequence[Section],
    skipped: Sequence[str],
    painting: str | None = None,
) -> None:
    """Write the page.

    Args:
        facts: lines below the title.
        skipped: folders that were left out, with the reason.
        painting: the name of the page to paint on, in the same folder; None: there is none.
    """
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["inline"] = inline
    environment.filters["kind"] = lambda element: type(element).__name__.lower()
    environment.filters["linked"] = lambda name: re.sub(r"[^\w.-]+", "-", name)
    environment.filters["typeset"] = typeset
    style = Markup((here / "page.css").read_text(encoding="utf-8"))
    values = {"title": title, "facts": facts, "sections": sections, "skipped": skipped, "painting": painting}
    write_whole(path, environment.get_template("page.html").render(values, style=style) + "\n")


def typeset(text: str) -> str:
    """A text with true minus signs, except in values that can be typed, such as `key=-1`."""
    return re.sub(r"(?<![\w.=\[,-])-(?=[\d.])", "−", text)


def inline(figure: Figure) -> Markup:
    """A figure as part of the page: its panels, which wrap as words do, or the whole if it has none."""
    paths = panels_of(figure.path)
    places = [f" ({place} of {len(paths)})" if len(paths) > 1 else "" for place, _ in enumerate(paths, 1)]
    drawn = Markup("\n").join(_inline(path, figure.alt + place) for path, place in zip(paths, places, strict=True))
    return Markup('<div class="{}">{}</div>').format("wide" if paths == [figure.path] else "panels", drawn)


def _inline(path: Path, alt: str) -> Markup:
    """An SVG with unique ids, as matplotlib repeats them, or a PNG in base64."""
    if path.suffix != ".svg":
        encoded = base64.b64encode(path.read_bytes()).decode()
        return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(encoded, alt)
    svg = path.read_text(encoding="utf-8")
    prefix = "f" + hashlib.blake2b("/".join(path.parts[-2:]).encode(), digest_size=5).hexdigest() + "-"
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", svg[svg.index("<svg") :])
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    label = Markup("{}").format(alt)
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))
