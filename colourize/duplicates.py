"""`colourize-duplicates`: writes a table of the pairs of test and training pictures that are nearly the same.

colourize-duplicates data=cifar10 output=duplicates.csv
colourize-evaluate checkpoint=best.ckpt without=duplicates.csv    (an evaluation on the other test pictures)
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app
from colourize.errors import UsageError, check_flag, is_number
from colourize.runs.tables import write_table


def duplicates(config: DictConfig) -> None:
    """Find the pairs among all of a source's pictures, including those that a run holds out, and write them."""
    import numpy as np

    from colourize.build import make_data
    from colourize.data.near_duplicates import NearDuplicate, near_duplicates

    check_flag("overwrite", config.overwrite)
    least = config.correlation
    if not (is_number(least) and 0 < least < 1):
        raise UsageError(f"correlation={least}: must be a number above 0 and below 1")
    path = Path(str(config.output)).expanduser()
    if path.exists() and not config.overwrite:
        raise UsageError(f"output={path}: is there already; overwrite=true replaces it")
    data = make_data(config)
    pictures, extra = data.load(), data.load_extra()
    others = [part for part in (pictures.val, extra and extra[0]) if part is not None]
    train = np.concatenate([pictures.train, *others])
    found = near_duplicates(train, pictures.test, least)
    rows = [(each.test, each.train, int(each.mirrored), round(each.correlation, 4)) for each in found]
    columns = NearDuplicate._fields
    write_table(path, [dict(zip(columns, row, strict=True)) for row in rows] or [dict.fromkeys(columns, "")])
    count = len({each.test for each in found})
    counted = f"{count} of {len(pictures.test)} test pictures"
    print(f"{counted} correlate {least} or more with one of {len(train)} training pictures")
    print(f"Saved in:  {path}")


def main() -> None:
    """The console script."""
    app.run(duplicates, "duplicates")


if __name__ == "__main__":
    main()
