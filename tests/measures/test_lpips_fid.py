"""LPIPS and FID: offered where their weights lie, named as missing elsewhere, and never fetched."""

import pytest
import torch
import torchvision

from colourize.measures import lpips_fid
from colourize.measures.base import PictureBatch
from colourize.measures.registry import MEASURES, choose, left_out


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("fetched"))
    lpips_fid._lpips.cache_clear()
    yield tmp_path / "checkpoints"
    lpips_fid._lpips.cache_clear()


def test_what_is_missing_is_named(hub) -> None:
    lacking = left_out(choose(["mse", "lpips", "fid"]))
    assert list(lacking) == ["lpips", "fid"]
    assert "vgg16" in lacking["lpips"] and str(hub) in lacking["lpips"]


@pytest.mark.slow
def test_lpips_with_the_users_weights(hub) -> None:
    hub.mkdir()
    torch.save(torchvision.models.vgg16().state_dict(), hub / lpips_fid.VGG)
    lpips = MEASURES["lpips"]
    assert lpips.needs() is None
    truth = torch.rand(2, 3, 32, 32)
    found = lpips.values(PictureBatch(torch.stack([truth[0], 1 - truth[1]])), PictureBatch(truth))
    assert found[0].item() == pytest.approx(0, abs=1e-6) and found[1] > 0
    assert lpips.values(PictureBatch(truth[..., :8]), PictureBatch(truth[..., :8])).isnan().all()
