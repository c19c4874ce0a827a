# Sets gdb up for stepping, from the repository's root; from elsewhere source gptoss.py by its path.
source scripts/debug/gptoss.py
