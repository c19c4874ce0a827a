#include "gptoss/format/partial_file.hpp"

#include <sys/stat.h>

#include "catch.hpp"
#include "small_disk.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("partial_file: the name appears with finish, and not before", "[partial_file]") {
    const TempFolder folder;
    PartialFile file(folder / "a");
    file.write("one ");
    file.write("two", 3);
    CHECK_FALSE(std::filesystem::exists(folder / "a"));
    CHECK(std::filesystem::exists(folder / "a.0.partial"));
    file.finish();
    CHECK(read_bytes(folder / "a") == "one two");
    CHECK_FALSE(std::filesystem::exists(folder / "a.0.partial"));
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
    CHECK_FALSE(std::filesystem::exists(folder / "a.0.partial"));
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
                      path + ": is not a regular file, and is not replaced by one");
    std::filesystem::create_symlink("nowhere", folder / "b");
    CHECK_THROWS_WITH(write_text_file(folder / "b", "text"),
                      (folder / "b").string() + ": is a link that leads nowhere, expected a file");
    CHECK(std::filesystem::read_symlink(folder / "b") == "nowhere");
}

TEST_CASE("partial_file: what is no regular file stays what it is", "[partial_file][errors]") {
    const TempFolder folder;
    const std::string pipe = (folder / "pipe").string();
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const std::string reason = ": is not a regular file, and is not replaced by one";
    CHECK_THROWS_WITH(write_text_file(pipe, "text"), pipe + reason);
    CHECK(std::filesystem::is_fifo(pipe));

    const std::string link = (folder / "link").string();  // in its folder a file could be made
    std::filesystem::create_symlink("/dev/null", link);
    CHECK_THROWS_WITH(write_text_file(link, "text"), link + reason);
    CHECK(std::filesystem::is_character_file(link));
}

TEST_CASE("partial_file: a link stays, and the file it leads to is the new one", "[partial_file]") {
    const TempFolder folder;
    std::filesystem::create_directory(folder / "far");
    write_bytes(folder / "far/file", "older");
    std::filesystem::create_symlink("far/file", folder / "link");
    write_text_file(folder / "link", "newer");
    CHECK(std::filesystem::read_symlink(folder / "link") == "far/file");
    CHECK(read_bytes(folder / "far/file") == "newer");
}

TEST_CASE("partial_file: an older file hands on its permissions", "[partial_file]") {
    const TempFolder folder;
    for (const auto mode : {std::filesystem::perms(0600), std::filesystem::perms(0666)}) {
        write_bytes(folder / "a", "older");
        std::filesystem::permissions(folder / "a", mode);
        write_text_file(folder / "a", "newer");
        CHECK(std::filesystem::status(folder / "a").permissions() == mode);
    }
}

TEST_CASE("partial_file: neither a file of that name nor another writer is in the way",
          "[partial_file]") {
    const TempFolder folder;
    write_bytes(folder / "a.0.partial", "mine");
    PartialFile first(folder / "a");
    PartialFile second(folder / "a");
    first.write("first");
    second.write("second");
    second.finish();
    CHECK(read_bytes(folder / "a") == "second");
    first.finish();
    CHECK(read_bytes(folder / "a") == "first");
    CHECK(read_bytes(folder / "a.0.partial") == "mine");
}

TEST_CASE("partial_file: a name as long as a file system allows", "[partial_file]") {
    const TempFolder folder;
    for (const int length : {243, 252, 255}) {
        const std::filesystem::path path = folder / std::string(std::size_t(length), 'n');
        write_text_file(path, "text");
        CHECK(read_bytes(path) == "text");
    }
    CHECK_THROWS_WITH(write_text_file(folder / std::string(256, 'n'), "text"),
                      ContainsSubstring("File name too long"));
}

TEST_CASE("partial_file: ten files that killed programs left are named", "[partial_file][errors]") {
    const TempFolder folder;
    for (int number = 0; number < 10; ++number)
        write_bytes(folder / ("a." + std::to_string(number) + ".partial"), "left");
    const std::string path = (folder / "a").string();
    CHECK_THROWS_WITH(write_text_file(path, "text"),
                      path + ": cannot be written while " + path +
                          ".0.partial and nine more are there: programs that were killed left "
                          "them; remove them");
    CHECK(read_bytes(folder / "a.9.partial") == "left");
}

TEST_CASE("partial_file: a full disk is named and leaves nothing", "[partial_file][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "a").string();
    const SmallDisk small_disk(3);
    CHECK_THROWS_WITH(write_text_file(path, "text"), path + ": cannot be written: File too large");
    CHECK(std::filesystem::is_empty(folder.path));
}
