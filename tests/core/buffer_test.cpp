#include "gptoss/core/buffer.hpp"

#include <utility>

#include "catch.hpp"

using namespace gptoss;

namespace {

// Counts what it gives out, so that a test sees when a buffer lets go.
struct CountingMemory : HostMemory {
    static inline int n_allocated = 0;
    static void* allocate(std::size_t bytes) {
        ++n_allocated;
        return HostMemory::allocate(bytes);
    }
    static void release(void* memory) {
        --n_allocated;
        HostMemory::release(memory);
    }
};

}  // namespace

TEST_CASE("buffer: views of one allocation at byte offsets", "[buffer]") {
    const Buffer buffer = Buffer::allocate<HostMemory>(10 * sizeof(float));
    CHECK(buffer.bytes() == 40);
    const MatrixView first = buffer.matrix(0, 2, 3);
    const VectorView behind = buffer.vector(6 * sizeof(float), 4);
    first.row(1)[2] = 5.0f;
    behind.data[0] = 6.0f;
    CHECK(static_cast<float*>(buffer.data())[5] == 5.0f);
    CHECK(static_cast<float*>(buffer.data())[6] == 6.0f);
    CHECK(first.row(1) == first.data + 3);
    CHECK(buffer.ids(0, 2, 1).rows == 2);
}

TEST_CASE("buffer: memory is released once, by whoever holds it last", "[buffer]") {
    {
        Buffer a = Buffer::allocate<CountingMemory>(8);
        Buffer b = Buffer::allocate<CountingMemory>(8);
        CHECK(CountingMemory::n_allocated == 2);
        const void* memory_of_a = a.data();
        b = std::move(a);
        CHECK(b.data() == memory_of_a);
        const Buffer c = std::move(b);
        CHECK(c.data() == memory_of_a);
    }
    CHECK(CountingMemory::n_allocated == 0);
}

TEST_CASE("buffer: nothing is allocated for no bytes", "[buffer]") {
    const Buffer buffer = Buffer::allocate<CountingMemory>(0);
    CHECK(buffer.data() == nullptr);
    CHECK(CountingMemory::n_allocated == 0);
}

TEST_CASE("buffer: HostMemory copies both ways, and nothing from nowhere", "[buffer]") {
    const float from[2] = {1, 2};
    float to[2] = {};
    HostMemory::upload(to, from, sizeof from);
    CHECK(to[1] == 2.0f);
    HostMemory::download(to, from + 1, sizeof(float));
    CHECK(to[0] == 2.0f);
    CHECK_NOTHROW(HostMemory::copy(nullptr, nullptr, 0));
}
