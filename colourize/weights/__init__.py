"""The weights that the package ships, one folder per version, and the format of such files."""

SUFFIX = ".safetensors"
