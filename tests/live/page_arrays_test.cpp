#include "../../examples/live/page_arrays.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::live;

TEST_CASE("page arrays: of a record only what is visible is kept", "[page_arrays]") {
    // one head, three tokens; 9 stands where a later position, or one before the window, is hidden
    const std::vector<float> full = {1, 9, 9, 2, 3, 9, 4, 5, 6};
    CHECK(visible_values(full.data(), 1, 3, 3, 0) == std::vector<float>{1, 2, 3, 4, 5, 6});
    const std::vector<float> sliding = {1, 9, 9, 2, 3, 9, 9, 5, 6};
    CHECK(visible_values(sliding.data(), 1, 3, 3, 2) == std::vector<float>{1, 2, 3, 5, 6});
}

TEST_CASE("page arrays: the index says where each array lies", "[page_arrays]") {
    PageArrays arrays;
    const std::vector<float> values = {1.5f, 2, 3, 4};
    const std::vector<std::int32_t> ids = {7, 8};
    arrays.add("embedding", {2, 2}, values.data(), values.size());
    arrays.add("ids", {2, 1}, ids.data(), ids.size());
    CHECK(
        arrays.index().dump() ==
        R"({"embedding":{"shape":[2,2],"dtype":"F32","at":0},"ids":{"shape":[2,1],"dtype":"I32","at":16}})");
    CHECK(arrays.bytes.size() == 24);
    CHECK(arrays.bytes[16] == 7);
}
