"""A run's folder belongs to one process, by whatever path it is named."""

from colourize.runs import ownership


def test_a_folder_is_the_same_by_whatever_path(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with ownership.owned("../there"), ownership.owned(tmp_path / "there"):
        assert (tmp_path / "there").is_dir()
