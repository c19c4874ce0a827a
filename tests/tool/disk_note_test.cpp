// When the tool says that a model comes from a slow disk, and with which number.
#include "../../examples/gptoss/disk_note.hpp"

#include <sstream>

#include "catch.hpp"

using namespace gptoss::tool;

TEST_CASE("disk note: 60 MB in three seconds are 20 MB/s", "[tool]") {
    CHECK(disk_note_text(60'000'000, 3) == "weights are being read from disk at 20 MB/s");
}

TEST_CASE("disk note: nothing is said when next to nothing was read", "[tool]") {
    CHECK(disk_note_text(0, 3) == "");
    CHECK(disk_note_text(kDiskNoteBytes - 1, 3) == "");
    CHECK(disk_note_text(kDiskNoteBytes, 3) != "");
}

TEST_CASE("disk note: what came from storage is not what was read", "[tool]") {
    std::istringstream proc_io(
        "rchar: 4292\nwchar: 0\nsyscr: 13\nsyscw: 0\nread_bytes: 8192\nwrite_bytes: 0\n");
    CHECK(storage_bytes(proc_io) == 8192);
    std::istringstream nothing("");
    CHECK(storage_bytes(nothing) == 0);
}
