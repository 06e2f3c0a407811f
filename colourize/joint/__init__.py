"""One network for hints, samples and likelihood: a classifier that also sees the true classes of some pixels.

It is trained with `degradation=hints` on a random share of the pixels, and so learns the distribution of each pixel
conditional on any others. Hoogeboom et al. (2021), "Autoregressive diffusion models", https://arxiv.org/abs/2110.02037.
"""
