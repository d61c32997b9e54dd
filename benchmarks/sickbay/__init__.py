"""The sickbay: healthy runs, seeded faults and traps, and how the doctor and its rivals do on them."""
