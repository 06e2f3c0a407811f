"""Few repetitions in few numbers: medians, ranges and ratios on values that are known."""

from __future__ import annotations

from colourize.timing.report import Part, shown, spread


def test_a_number_for_people() -> None:
    assert spread("s", [4.0, 1.0, 2.0, 3.0]) == {"s": 2.5, "s_min": 1, "s_max": 4}
    rows = [spread("s", values) for values in ([68.71, 5.0, 1234.56], [0.0256], [1457.3])]
    assert [shown(row, "s") for row in rows] == ["68.7 (5.0–1,234.6)", "0.026 (0.026–0.026)", "1,457 (1,457–1,457)"]


def test_names_take_turns_and_ratios_are_taken_within_each_repetition() -> None:
    asked: list[str] = []

    def measure(name: str) -> dict[str, float]:
        asked.append(name)
        round_ = (len(asked) - 1) // 2  # 0 warms up; the machine is ten times slower in the last
        return {"step_ms": {"a": 4.0, "b": 2.0}[name] * [99.0, 1.0, 1.5, 10.0][round_]}

    part = Part()
    part.compare("Steps", "path", ["a", "b"], measure, 3, [("a", "b")], case="unet")
    assert asked == ["a", "b", "b", "a", "a", "b", "b", "a"]  # each begins as often as the other
    assert [(each["path"], each["repetition"]) for each in part.repetitions] == [
        ("b", 1), ("a", 1), ("a", 2), ("b", 2), ("b", 3), ("a", 3),
    ]  # fmt: skip
    assert part.repetitions[0] == {"case": "unet", "path": "b", "repetition": 1, "step_ms": 2.0}
    assert part.rows == [
        {"case": "unet", "path": "a", **spread("step_ms", [4.0, 6.0, 40.0])},
        {"case": "unet", "path": "b", **spread("step_ms", [2.0, 3.0, 20.0])},
        {"case": "unet", "path": "a/b", **spread("step_ms_ratio", [2.0, 2.0, 2.0])},
    ]
    assert part.tables["Steps, median (range)"][0] == {"path": "a", "step_ms": "6.00 (4.00–40.00)"}
