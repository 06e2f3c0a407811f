"""How good a picture is, and how to look at it."""
