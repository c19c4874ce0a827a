#include "gptoss/harmony/pasted_text.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

TEST_CASE("pasted_text: a byte order mark and whitespace between messages go", "[harmony]") {
    CHECK(mended_text(
              "\xEF\xBB\xBF \n<|start|>user<|message|>a<|end|>\n\n"
              "<|start|>assistant<|message|>b<|call|>\r\n\t<|start|>x<|message|>c<|return|>\n") ==
          "<|start|>user<|message|>a<|end|>"
          "<|start|>assistant<|message|>b<|call|><|start|>x<|message|>c<|return|>");
    CHECK(mended_text("\xEF\xBB\xBF"
                      "200006 1428") == "200006 1428");
    CHECK(mended_text("\n") == "");
}

TEST_CASE("pasted_text: what stands in a message or is no whitespace stays", "[harmony]") {
    for (const char* text :
         {"", "<|start|>user<|message|>\n a \n<|end|>",
          "<|start|>user<|message|>\xEF\xBB\xBF"
          "a\n",
          "<|end|>\n oops <|start|>user", "\n<|channel|>final<|message|>a<|end|>",
          "<|end|>\n\n<|message|>", "<|start|>user<|message|> <|start|>\n<|en <|end"}) {
        CHECK(mended_text(text) == text);
    }
}
