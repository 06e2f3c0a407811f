"""How weights that the package ships are made."""
