"""`python -m colourize.export` is `colourize-export`."""

from colourize.export import main

if __name__ == "__main__":
    main()
