"""The names of options, keys and measures as a person writes them: `num_filters` is "filters", `unet` is "U-Net"."""

from __future__ import annotations

from typing import Any

from colourize.measures.registry import unit

# Names, and single words in names, that are not spelled as their own words with spaces.
SPELLED = {
    "regression_cnn": "RegressionCNN", "pool_upsample_net": "PoolUpsampleNet", "strided_unet": "strided U-Net",
    "conv_transpose_net": "ConvTransposeNet", "zhang": "Zhang's network", "ronneberger_unet": "Ronneberger's U-Net",
    "residual_sr": "residual network", "grey_lookup": "grey look-up table", "grey_copy": "copied grey",
    "grey_row_lookup": "look-up table of grey and row", "palette_oracle": "the palette's best",
    "commonest_class": "commonest colour", "super_resolution": "super-resolution",
    "super_resolution_regression": "super-resolution regression", "bilinear": "bilinear interpolation",
    "bicubic": "bicubic interpolation", "nearest": "nearest neighbour", "lanczos": "Lanczos interpolation",
    "lr": "learning rate", "lr_scheduler": "schedule", "max_epochs": "epochs", "num_filters": "filters",
    "num_train": "training pictures", "block_order": "order", "norm_pool_relu": "norm, pool, ReLU",
    "pool_norm_relu": "pool, norm, ReLU", "norm_relu_pool": "norm, ReLU, pool",
    "cross_entropy": "cross-entropy", "delta_e": "ΔE2000", "auc_balanced": "balanced AuC",
    "cifar10": "CIFAR-10", "synthetic": "drawn pictures", "folder": "own pictures",
    "cnn": "CNN", "unet": "U-Net", "rgb": "RGB", "lab": "Lab", "mse": "MSE", "mae": "MAE", "psnr": "PSNR",
    "ssim": "SSIM", "haarpsi": "HaarPSI", "mdsi": "MDSI", "fsimc": "FSIMc", "vsi": "VSI", "lpips": "LPIPS",
    "fid": "FID", "relu": "ReLU", "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "muon": "Muon",
    "resnet": "ResNet", "kaiming": "Kaiming", "xavier": "Xavier", "nazeri": "Nazeri", "frechet": "Fréchet",
    "val": "validation", "train": "training",
}  # fmt: skip


def words(typed: object) -> str:
    """A name as a person writes it, such as "cross-entropy", "training loss" or "U-Net"."""
    text = str(typed)
    if text in SPELLED:
        return SPELLED[text]
    stage, slash, name = text.partition("/")
    if slash and stage in ("train", "val", "test"):
        return f"{words(stage)} {words(name)}"
    if "+" in text:  # a weighted sum of losses
        return " + ".join(map(words, text.split("+")))
    return " ".join(SPELLED.get(word, word) for word in text.split("_"))


def setting(key: str, value: Any) -> str:
    """A setting in a method's name, such as "learning rate 0.01"."""
    return f"{last_words(key)} {words(value)}"


def last_words(key: str) -> str:
    """The name of a dotted key, such as "learning rate" for `task.optimizer.lr`."""
    return words(key.rpartition(".")[2])


def headed(measure: str) -> str:
    """A measure's name with its unit, such as "PSNR, dB"."""
    return f"{words(measure)}{unit(measure.rpartition('/')[2]).replace(' ', ', ', 1)}"
