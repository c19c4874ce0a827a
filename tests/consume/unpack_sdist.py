#!/usr/bin/env python3
"""unpack_sdist.py ARCHIVE FOLDER: FOLDER becomes what is in the archive, below its one top folder.

A file that is the same already is left alone, so that a build in FOLDER/build goes on where it was.
"""
import pathlib
import sys
import tarfile


def main():
    archive, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    wanted = set()
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.isfile():
                continue
            path = folder.joinpath(*pathlib.PurePosixPath(member.name).parts[1:])
            wanted.add(path)
            content = tar.extractfile(member).read()
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            path.chmod(member.mode)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted and path.relative_to(folder).parts[0] != "build":
            path.unlink()
    print(f"{len(wanted)} files in {folder}")


if __name__ == "__main__":
    main()
