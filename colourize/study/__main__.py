"""`python -m colourize.study` is `colourize-study`."""

from colourize.study import main

if __name__ == "__main__":
    main()
