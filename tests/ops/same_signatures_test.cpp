#include "gptoss/ops/same_signatures.hpp"

#include "catch.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

namespace {

void swiglu_in_double(ConstMatrixView, double, double, MatrixView) {
}  // would still compile in a forward

struct SwigluInDouble : ScalarOps {
    static constexpr auto swiglu = &swiglu_in_double;
};

void unembed_without_table(ConstMatrixView, MatrixView) {}

struct UnembedWithoutTable : ScalarOps {
    static constexpr auto unembed = &unembed_without_table;
};

struct SwigluAsMember : ScalarOps {
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        ScalarOps::swiglu(h, 2 * limit, alpha, y);
    }
};

struct SwigluAsMemberInDouble : ScalarOps {
    static void swiglu(ConstMatrixView, double, double, MatrixView) {}
};

}  // namespace

TEST_CASE("same signatures: a table has those of itself and of what it derives from", "[ops]") {
    CHECK(has_same_signatures<ScalarOps, ScalarOps>());
    CHECK(has_same_signatures<Bf16Ops, ScalarOps>());
}

TEST_CASE("same signatures: one op of another type is enough to fail", "[ops]") {
    CHECK_FALSE(has_same_signatures<SwigluInDouble, ScalarOps>());
    CHECK_FALSE(has_same_signatures<UnembedWithoutTable, ScalarOps>());
}

TEST_CASE("same signatures: an op may be a static member of the table", "[ops]") {
    CHECK(has_same_signatures<SwigluAsMember, ScalarOps>());
    CHECK_FALSE(has_same_signatures<SwigluAsMemberInDouble, ScalarOps>());
}
