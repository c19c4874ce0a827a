#include "gptoss/core/check.hpp"

#include "catch.hpp"
#include "gptoss/core/view.hpp"

using namespace gptoss;

TEST_CASE("check: what fits passes", "[check]") {
    CHECK_NOTHROW(require_extent("linear", "w.cols", 3, 3, "x.cols"));
    CHECK_NOTHROW(require_size("rmsnorm", "gain", ConstVectorView{nullptr, 4}, 4, "x.cols"));
    CHECK_NOTHROW(require_shape("rmsnorm", "y", ConstMatrixView{nullptr, 2, 4}, 2, 4));
    CHECK_NOTHROW(require_at_least("attend", "keys.rows", 4, 4, "visible positions"));
    CHECK_NOTHROW(require_multiple("rope", "x.cols", 8, 4, "head_dim"));
}

TEST_CASE("check: an error names operation, operand, got and expected", "[check][errors]") {
    CHECK_THROWS_WITH(require_extent("linear", "w.cols", 2880, 4096, "x.cols"),
                      "linear: w.cols is 2880, expected 4096 (x.cols)");
    CHECK_THROWS_WITH(require_size("rmsnorm", "gain", ConstVectorView{nullptr, 3}, 4, "x.cols"),
                      "rmsnorm: gain has 3 elements, expected 4 (x.cols)");
    CHECK_THROWS_WITH(require_shape("rmsnorm", "y", ConstMatrixView{nullptr, 2, 3}, 2, 4),
                      "rmsnorm: y is (2, 3), expected (2, 4)");
    CHECK_THROWS_WITH(require_shape("rmsnorm", "y", ConstMatrixView{nullptr, 1, 4}, 2, 4),
                      "rmsnorm: y is (1, 4), expected (2, 4)");
    CHECK_THROWS_WITH(require_at_least("attend", "keys.rows", 3, 4, "visible positions"),
                      "attend: keys.rows is 3, expected at least 4 (visible positions)");
    CHECK_THROWS_WITH(require_multiple("rope", "x.cols", 6, 4, "table.cols, head_dim"),
                      "rope: x.cols is 6, expected a multiple of 4 (table.cols, head_dim)");
}

TEST_CASE("check: nothing is a multiple of zero, and zero has no parts", "[check][errors]") {
    CHECK_THROWS_AS(require_multiple("rope", "x.cols", 6, 0, "head_dim"), ShapeError);
    CHECK_THROWS_AS(require_multiple("rope", "x.cols", 0, 4, "head_dim"), ShapeError);
}

TEST_CASE("check: a ShapeError is an Error", "[check][errors]") {
    CHECK_THROWS_AS(require_extent("linear", "w.cols", 1, 2, "x.cols"), ShapeError);
    CHECK_THROWS_AS(require_extent("linear", "w.cols", 1, 2, "x.cols"), Error);
}
