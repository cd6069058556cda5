"""What the documentation says is what the program does: its commands run, its names exist."""
