"""Names of colours on the page: the hue is named wherever it is seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exported import run_in_node

EXAMPLES = {
    "#03233d": "very dark blue",
    "#58303c": "dark plum",
    "#8b3a2f": "dark red",
    "#4f2f18": "dark brown",
    "#4a4a20": "dark olive",
    "#e6d8b8": "beige",
    "#e6a08c": "salmon",
    "#0000ff": "blue",
    "#a78bd6": "violet",
    "#7088a5": "grey blue",
    "#101010": "black",
    "#47474a": "dark grey",
    "#808080": "grey",
    "#f8f8f8": "white",
}


def test_names_tell_the_hue_and_each_name_stands_for_itself(tmp_path: Path) -> None:
    script = """
    import { NAMED, keyOf, nameOf } from "PAGE/names.js";
    import { say } from "PAGE/words.js";
    const others = NAMED.filter(([key, hex]) => keyOf(hex) !== key), unnamed = NAMED.filter(([key]) => !say(key));
    console.log(JSON.stringify({ names: given.map(nameOf), others, unnamed }));
    """
    found: dict[str, Any] = run_in_node(script, list(EXAMPLES), tmp_path)
    assert dict(zip(EXAMPLES, found["names"], strict=True)) == EXAMPLES
    assert found["others"] == found["unnamed"] == []
