#include "gptoss/format/text_file.hpp"

#include <sys/stat.h>

#include <thread>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("text_file: a file and a pipe are read to their ends", "[text_file]") {
    const TempFolder folder;
    const std::string text(100'000, 'x');
    write_bytes(folder / "a", text);
    CHECK(read_text_file(folder / "a") == text);

    const std::string pipe = (folder / "pipe").string();
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int writer = ::open(pipe.c_str(), O_RDWR);  // there before it is read, as in <(command)
    std::thread writing([&] {
        for (std::size_t done = 0; done < text.size();)
            done += std::size_t(::write(writer, text.data() + done, text.size() - done));
        ::close(writer);
    });
    CHECK(read_text_file(pipe) == text);
    writing.join();
}

TEST_CASE("text_file: a pipe that nobody writes to is not waited for", "[text_file][errors]") {
    const TempFolder folder;
    const std::string pipe = (folder / "pipe").string();
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(read_text_file(pipe), pipe + ": is a pipe that nobody writes to");
}

TEST_CASE("text_file: devices, folders and what is not there", "[text_file][errors]") {
    CHECK_THROWS_WITH(read_text_file("/dev/zero"), "/dev/zero: is a device, expected a file");
    CHECK_THROWS_WITH(read_text_file("/"), "/: cannot be opened");
    CHECK_THROWS_WITH(read_text_file("/missing"), "/missing: cannot be opened");
}

TEST_CASE("text_file: larger than any text has to be", "[text_file][errors]") {
    const TempFolder folder;
    write_bytes(folder / "a", "");
    std::filesystem::resize_file(folder / "a", kMaxTextBytes + 1);  // a hole: takes no disk
    CHECK_THROWS_WITH(read_text_file(folder / "a"),
                      ContainsSubstring("has more than 268435456 bytes"));
}
