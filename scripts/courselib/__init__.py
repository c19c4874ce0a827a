"""What scripts/course is made of. Standard library only."""
