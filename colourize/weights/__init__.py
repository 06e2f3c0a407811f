"""The weights that the package ships, one folder a version, and the format of such files."""

SUFFIX = ".safetensors"
