"""The package's two halves belong together: Python files, and a module compiled from headers."""
import importlib.metadata
import importlib.util


def require_numpy() -> None:
    if importlib.util.find_spec("numpy") is None:
        raise ImportError("gptoss: numpy is not installed: pip install numpy")


def require_same_version(core) -> None:
    try:
        expected = importlib.metadata.version("gptoss")
    except importlib.metadata.PackageNotFoundError:  # used from a build folder
        return
    if core.version != expected:
        raise ImportError(f"gptoss: the compiled module is of version {core.version}, the package of "
                          f"{expected}: run pip install . again")


def require_headers(digest: str) -> None:
    """digest: that of the headers in a source tree (python/header_docs.py --digest include)."""
    from . import _core
    if _core.headers_digest != digest:
        raise ImportError("gptoss: the module was built from other headers than those of this tree: "
                          "run pip install . again")
