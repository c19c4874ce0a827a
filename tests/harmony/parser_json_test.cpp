#include "gptoss/harmony/parser_json.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::harmony;
using gptoss::test::ids_of;

TEST_CASE("harmony_parser_json: d.4.3 the three states", "[harmony]") {
    StreamableParser parser(harmony());
    CHECK(state_json(parser).dump() == R"({"state":"ExpectStart"})");

    parser.process(200006);
    parser.process(173781);
    CHECK(state_json(parser).dump() == R"({"state":"Header","header_tokens":[173781]})");

    for (const std::int32_t id : ids_of("<|channel|>final<|message|>Hi")) {
        parser.process(id);
    }
    CHECK(state_json(parser).dump() ==
          R"({"state":"Content","header":{"author":{"role":"assistant"},"recipient":null,)"
          R"("channel":"final","content_type":null},"content_tokens":[12194]})");
}

TEST_CASE("harmony_parser_json: d.4.3 a tool's header has its name", "[harmony]") {
    StreamableParser parser(harmony());
    for (const std::int32_t id : ids_of("<|start|>python to=assistant<|message|>")) {
        parser.process(id);
    }
    CHECK(state_json(parser)["header"]["author"].dump() == R"({"role":"tool","name":"python"})");
    CHECK(observed_json(parser).dump() ==
          R"({"state":"Content","current_role":"tool","current_channel":null,)"
          R"("current_recipient":"assistant","current_content_type":null,)"
          R"("last_content_delta":null,"current_content":""})");
}
