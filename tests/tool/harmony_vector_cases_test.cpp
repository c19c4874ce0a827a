#include "../../examples/gptoss/harmony_vector_cases.hpp"

#include "catch.hpp"
#include "harmony/harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::format;
using namespace gptoss::harmony;
using gptoss::test::harmony;

namespace {

void check_render(const std::string& json) {
    check_render_case(harmony(), parse_ordered_json("case", json), ".");
}

void check_parse(const std::string& json) {
    check_parse_case(harmony(), parse_ordered_json("case", json));
}

const std::string kHi = R"("messages": [{"role": "user", "content": "hi"}])";

}  // namespace

TEST_CASE("harmony_vector_cases: the four modes", "[harmony]") {
    CHECK_NOTHROW(check_render(R"({"mode": "render_message", "expected_text":
        "<|start|>user<|message|>hi<|end|>", )" +
                               kHi + "}"));
    CHECK_NOTHROW(check_render(R"({"mode": "conversation", "config": null, "drop_last_token": true,
        "expected_ids": [200006, 1428, 200008, 3686], )" +
                               kHi + "}"));
    CHECK_NOTHROW(check_render(R"({"mode": "completion", "next_role": "user", "expected_text":
        "<|start|>user<|message|>hi<|end|><|start|>user", )" +
                               kHi + "}"));
    CHECK_NOTHROW(check_render(R"({"mode": "training", "expected_text":
        "<|start|>user<|message|>hi<|end|>", )" +
                               kHi + "}"));
    CHECK_THROWS_WITH(check_render(R"({"mode": "x", )" + kHi + "}"),
                      "mode is \"x\", expected completion, conversation, training or "
                      "render_message");
}

TEST_CASE("harmony_vector_cases: render_message is about the first message", "[harmony]") {
    CHECK_NOTHROW(check_render(R"({"mode": "render_message", "messages": [
        {"role": "user", "content": "hi"}, {"role": "user", "content": "ho"}],
        "expected_text": "<|start|>user<|message|>hi<|end|>"})"));
    CHECK_THROWS_WITH(check_render(R"({"mode": "render_message", "messages": []})"),
                      "render_message: no message");
}

TEST_CASE("harmony_vector_cases: c.9.6 without a config nothing is dropped", "[harmony]") {
    const auto config = [](const char* json) {
        return read_render_config(OrderedJson::parse(json)).auto_drop_analysis;
    };
    CHECK_FALSE(config("{}"));
    CHECK_FALSE(config(R"({"config": null})"));
    CHECK(config(R"({"config": {}})"));
    CHECK(config(R"({"config": {"auto_drop_analysis": true}})"));
    CHECK_FALSE(config(R"({"config": {"auto_drop_analysis": false}})"));
}

TEST_CASE("harmony_vector_cases: a wrong render is shown with its place", "[harmony][errors]") {
    CHECK_THROWS_WITH(check_render(R"({"mode": "conversation", "expected_text":
        "<|start|>user<|message|>ho<|end|>", )" +
                                   kHi + "}"),
                      "text: first difference at byte 25\n"
                      "  got      \"rt|>user<|message|>hi<|end|>\"\n"
                      "  expected \"rt|>user<|message|>ho<|end|>\"");
    CHECK_THROWS_WITH(check_render(R"({"mode": "conversation", "expected_ids":
        [200006, 1428, 200008, 3687, 200007], )" +
                                   kHi + "}"),
                      "ids: first difference at index 3\n"
                      "  got      200006 1428 200008 3686 200007 (5 in all)\n"
                      "  expected 200006 1428 200008 3687 200007 (5 in all)");
}

TEST_CASE("harmony_vector_cases: an error that is expected must come", "[harmony][errors]") {
    const std::string tool = R"("messages": [{"role": "tool", "content": "x"}])";
    CHECK_NOTHROW(check_render(
        R"({"mode": "conversation", "expected_error_contains": "have a name", )" + tool + "}"));
    CHECK_THROWS_WITH(
        check_render(R"({"mode": "conversation", "expected_error_contains": "other", )" + tool +
                     "}"),
        "error differs\n  got      \"Tools should have a name!\"\n  expected \"other\"");
    CHECK_THROWS_WITH(
        check_render(R"({"mode": "conversation", "expected_error_contains": "other", )" + kHi +
                     "}"),
        "no error, expected \"other\"");
}

TEST_CASE("harmony_vector_cases: what a parse case compares", "[harmony]") {
    const std::string input =
        R"({"role": null, "strict": true, "eos": true, "input": [
              {"text": "<|start|>user<|message|>"}, {"ids": [3686, 200007]}], )";
    CHECK_NOTHROW(check_parse(input + R"("expected_messages":
        [{"role": "user", "content": "hi"}], "expected_concatenated_deltas": "hi",
        "ids": [200006, 1428, 200008, 3686, 200007], "expected_states": [
           {"token": 200006, "state": "Header", "current_role": null}]})"));
    CHECK_THROWS_WITH(check_parse(input + R"("expected_messages": []})"),
                      "messages: not as expected\n"
                      "  got      {\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n"
                      "  expected {\"messages\":[]}");
    CHECK_THROWS_WITH(
        check_parse(input + R"("expected_states": [{"state": "Content"}]})"),
        "state after step 0: not as expected\n  got      \"Header\"\n  expected \"Content\"");
    CHECK_THROWS_WITH(check_parse(input + R"("expected_concatenated_deltas": "ho"})"),
                      "deltas: first difference at byte 1\n  got      \"hi\"\n  expected \"ho\"");
    CHECK_THROWS_AS(check_parse(input + R"("ids": [1]})"), VectorMistake);
}

TEST_CASE("harmony_vector_cases: a parse error has its text and its place", "[harmony][errors]") {
    const std::string input = R"({"role": null, "ids": [200006, 1428], )";
    CHECK_NOTHROW(check_parse(input + R"("expected_error_contains": "Unexpected EOS",
        "expected_error_at": "eos", "expected_messages_before_error": []})"));
    CHECK_THROWS_WITH(check_parse(input + R"("expected_error_contains": "Unexpected EOS",
        "expected_error_at": 1})"),
                      "place of the error: not as expected\n  got      \"eos\"\n  expected 1");
    CHECK_THROWS_WITH(check_parse(input + R"("expected_messages": []})"),
                      "error at \"eos\": Unexpected EOS while waiting for message header to "
                      "complete");
    CHECK_NOTHROW(check_parse(input + R"("eos": false, "expected_messages": []})"));
}

TEST_CASE("harmony_vector_cases: an item of input has a text or ids", "[harmony][errors]") {
    CHECK_THROWS_WITH(check_parse(R"({"input": [{"text": "hi"}, {}]})"),
                      "an item of input: missing field `ids`");
    CHECK_THROWS_WITH(check_parse(R"({"input": [5]})"),
                      "an item of input: invalid type: number, expected an object");
}
