#include "gptoss/format/partial_file.hpp"

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;

TEST_CASE("partial_file: the name appears with finish, and not before", "[partial_file]") {
    const TempFolder folder;
    PartialFile file(folder / "a");
    file.write("one ");
    file.write("two", 3);
    CHECK_FALSE(std::filesystem::exists(folder / "a"));
    CHECK(std::filesystem::exists(folder / "a.partial"));
    file.finish();
    CHECK(read_bytes(folder / "a") == "one two");
    CHECK_FALSE(std::filesystem::exists(folder / "a.partial"));
}

TEST_CASE("partial_file: without finish nothing stays, and an older file is untouched",
          "[partial_file]") {
    const TempFolder folder;
    write_bytes(folder / "a", "older");
    {
        PartialFile file(folder / "a");
        file.write("newer");
    }
    CHECK(read_bytes(folder / "a") == "older");
    CHECK_FALSE(std::filesystem::exists(folder / "a.partial"));
    write_text_file(folder / "a", "newer");
    CHECK(read_bytes(folder / "a") == "newer");
}

TEST_CASE("partial_file: a place that cannot be written is named", "[partial_file][errors]") {
    CHECK_THROWS_WITH(write_text_file("/dev/null/a", ""),
                      "/dev/null/a: cannot be created: Not a directory");
    const TempFolder folder;
    std::filesystem::create_directory(folder / "a");
    const std::string path = (folder / "a").string();
    CHECK_THROWS_WITH(write_text_file(path, "text"),
                      path + ": cannot be renamed to: Is a directory");
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("partial_file: a full disk is named and leaves nothing", "[partial_file][errors]") {
    if (!std::filesystem::exists("/dev/full")) skip_test("no /dev/full here");
    const TempFolder folder;
    const std::string path = (folder / "a").string();
    std::filesystem::create_symlink("/dev/full", path + ".partial");
    CHECK_THROWS_WITH(write_text_file(path, "text"),
                      path + ": cannot be written: No space left on device");
    CHECK(std::filesystem::is_empty(folder.path));
}
