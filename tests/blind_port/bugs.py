"""Every mistake the port can make, by its name. The list was frozen before docs/pitfalls.md was read."""
import bugs_attention  # noqa: F401
import bugs_checkpoint  # noqa: F401
import bugs_mlp  # noqa: F401
import bugs_rope  # noqa: F401
import bugs_stream  # noqa: F401
from plant import BUGS

__all__ = ["BUGS"]

if __name__ == "__main__":
    for name, entry in BUGS.items():
        print(f"{name:34} {entry.wrong}")
    print(len(BUGS), "bugs")
