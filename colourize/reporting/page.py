"""The report as one HTML file that holds everything, opens from a disk, and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from colourize.files import write_whole
from colourize.reporting.elements import Figure, Listing, Section, Table, Text

KINDS = {Text: "text", Table: "table", Figure: "figure", Listing: "listing"}


def write_page(
    path: Path, title: str, facts: Sequence[str], sections: Sequence[Section], skipped: Sequence[str]
) -> None:
    """Write the page.

    Args:
        path: the HTML file; figures are read from where they lie.
        facts: lines below the title.
        sections: in their order.
        skipped: folders that were passed over, and why.
    """
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["inline"] = inline
    environment.filters["kind"] = lambda element: KINDS[type(element)]
    environment.filters["linked"] = lambda name: re.sub(r"[^\w.-]+", "-", name)
    template = environment.get_template("page.html")
    style = Markup((here / "page.css").read_text(encoding="utf-8"))
    write_whole(path, template.render(title=title, facts=facts, sections=sections, skipped=skipped, style=style) + "\n")


def inline(figure: Figure) -> Markup:
    """A figure as part of the page: SVG as it is, with ids that no other has; PNG in base64."""
    if figure.path.suffix == ".svg":
        return Markup(_own_ids(figure.path.read_text(encoding="utf-8"), figure))
    encoded = base64.b64encode(figure.path.read_bytes()).decode()
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(Markup(encoded), figure.alt)


def _own_ids(svg: str, figure: Figure) -> str:
    """An SVG's text, to stand beside others in one page: matplotlib's `axes_1` and the like are in all of them."""
    prefix = "f" + hashlib.blake2b(str(figure.path.name).encode(), digest_size=5).hexdigest() + "-"
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid=")', rf"\1{prefix}", svg)
    svg = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{prefix}", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    label = Markup("{}").format(figure.alt)
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" ', svg, count=1)
