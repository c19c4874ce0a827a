#include "gptoss/format/file_kind.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/format/gguf_files.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/safetensors.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("file_kind: each is known by its first bytes", "[file_kind]") {
    const auto begins = [](const std::string& bytes, const std::string& kind) {
        INFO(bytes);
        CHECK_THAT(foreign_kind(bytes), StartsWith(kind));
    };
    begins("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n",
           "a Git LFS pointer");
    begins("<!DOCTYPE html>\n<html>", "a web page");
    begins("\n  <HTML lang=\"en\">", "a web page");
    begins("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "a web page");
    begins(std::string("\x1F\x8B\x08\0", 4), "compressed with gzip");
    begins(std::string("PK\x03\x04"), "a PyTorch file");
    begins(std::string("\x80\x02\x8A\x0A"), "a PyTorch file");
    begins(std::string("\x80\x04\x95\x0A"), "a PyTorch file");
    begins("GGUF\x03", "a GGUF file");
    begins(std::string("\x10\0\0\0\0\0\0\0{\"a\":", 13), "a safetensors file");
}

TEST_CASE("file_kind: what may be the right file is nothing foreign", "[file_kind]") {
    for (const std::string bytes : {"", "{", "{\"a\": 1}", "[1]", "IQ== 0\n", "PK", "GGU"})
        CHECK(foreign_kind(bytes) == "");
}

TEST_CASE("file_kind: a GGUF file says what it is instead", "[file_kind][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "x.gguf").string();
    const std::string is_none = path + ": is no GGUF file: it is ";
    write_bytes(path, "version https://git-lfs.github.com/spec/v1\n");
    CHECK_THROWS_WITH(open_gguf_files(path), StartsWith(is_none + "a Git LFS pointer"));
    write_bytes(path, std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
    CHECK_THROWS_WITH(open_gguf_files(path),
                      is_none + "a safetensors file: give its folder as --model");
}

TEST_CASE("file_kind: a JSON file and a safetensors file say what they are instead",
          "[file_kind][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "x").string();
    write_bytes(path, "GGUF....");
    CHECK_THROWS_WITH(read_json_file(path),
                      path + ": is a GGUF file: give it as --model FILE.gguf");
    CHECK_THROWS_WITH(open_safetensors(path),
                      path +
                          ": is no safetensors file: it is a GGUF file: give it as --model "
                          "FILE.gguf");
}
