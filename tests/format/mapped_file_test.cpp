#include "gptoss/format/mapped_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("mapped_file: the bytes of a file", "[mapped_file]") {
    const TempFolder folder;
    write_bytes(folder / "a", "three");
    const MappedFile file(folder / "a");
    CHECK(file.size() == 5);
    CHECK(file.bytes()[0] == 't');
    CHECK(file.bytes()[4] == 'e');
    CHECK(file.path() == (folder / "a").string());
}

TEST_CASE("mapped_file: the mapping outlives the file's name", "[mapped_file]") {
    const TempFolder folder;
    write_bytes(folder / "a", "three");
    const MappedFile file(folder / "a");
    std::filesystem::remove(folder / "a");
    CHECK(file.bytes()[4] == 'e');
}

TEST_CASE("mapped_file: a copy stays whole when the file is cut short", "[mapped_file]") {
    const TempFolder folder;
    const std::string text(100'000, 'x');
    write_bytes(folder / "a", text);
    const MappedFile file(folder / "a", FileBytes::copied);
    std::filesystem::resize_file(folder / "a", 1);
    CHECK(std::string(reinterpret_cast<const char*>(file.bytes()), file.size()) == text);
}

TEST_CASE("mapped_file: what cannot be mapped is named with the reason", "[mapped_file][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "a").string();
    CHECK_THROWS_WITH(MappedFile(path), path + ": cannot be opened: No such file or directory");
    CHECK_THROWS_WITH(MappedFile(folder.path),
                      folder.path.string() + ": is a directory, expected a file");
    CHECK_THROWS_WITH(MappedFile("/dev/null"), "/dev/null: is not a regular file");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);  // that nobody writes into
    CHECK_THROWS_WITH(MappedFile(folder / "pipe"),
                      (folder / "pipe").string() + ": is not a regular file");
    write_bytes(path, "");
    CHECK_THROWS_WITH(MappedFile(path), path + ": is empty");
}

TEST_CASE("mapped_file: a file that may not be read is named", "[mapped_file][errors]") {
    if (::geteuid() == 0) skip_test("root may read everything");
    const TempFolder folder;
    const std::string path = (folder / "a").string();
    write_bytes(path, "secret");
    std::filesystem::permissions(path, std::filesystem::perms::none);
    CHECK_THROWS_WITH(MappedFile(path), path + ": cannot be opened: Permission denied");
}
