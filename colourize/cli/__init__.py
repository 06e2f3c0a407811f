"""What the console scripts share: starting, help, errors for people, tables on the terminal."""
