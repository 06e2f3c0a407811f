"""Part `steps`: training and validation of each case on three paths, epoch by epoch in turn."""

import gc

from colourize.build import build_data
from colourize.timing.loops import BareLoop, CourseLoop, time_loop, time_project
from colourize.timing.programs import another_process
from colourize.timing.report import Part
from colourize.timing.settings import Settings

PATHS = ("project", "bare", "course")
OVER = (("project", "bare"), ("course", "project"))


def measure(part: Part, settings: Settings) -> None:
    """All cases, one after the other."""
    for case in settings.node.cases:
        measure_case(part, settings, case)


def measure_case(part: Part, settings: Settings, case: str) -> None:
    """The paths in turn; the course's in a process that handles memory as Python does by itself."""
    config = settings.case(case)
    data = build_data(config)

    def one_epoch(path: str) -> dict[str, float]:
        gc.collect()
        if path == "project":
            return time_project(config, data, settings.device, settings.work)
        if path == "bare":
            return time_loop(BareLoop, config, settings.device, data)
        return elsewhere.submit(time_loop, CourseLoop, config, settings.device).result()

    with another_process() as elsewhere:
        part.compare(case, "path", PATHS, one_epoch, settings.node.repeats, over=OVER, case=case)
